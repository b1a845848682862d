"""A small catalog for tests of the language and the policy."""

from storage.model.catalog import Action, Catalog, Environment, Grant, Person, Registry, Service, Stage

HOMOLOG = Environment(name="homolog", aliases=("hml", "homologação", "staging"))
PRODUCTION = Environment(
    name="production", aliases=("prod", "produção"), production=True, approvals=1, promotes_from="homolog"
)


def service(name: str, *aliases: str) -> Service:
    build = Stage(name="build", actions=(Action(name="image", uses="dockerfile"),), environment="homolog")
    return Service(name=name, aliases=aliases, repository="/nowhere", image=f"127.0.0.1:1/{name}", stages=(build,))


CATALOG = Catalog(
    services={"hello": service("hello", "hi"), "greeter": service("greeter"), "api-gateway": service("api-gateway")},
    environments={"homolog": HOMOLOG, "production": PRODUCTION},
    people={
        "UANA": Person(id="UANA", name="Ana", roles=("developer",)),
        "URUI": Person(id="URUI", name="Rui", roles=("manager",)),
        "UZOE": Person(id="UZOE", name="Zoe"),
    },
    grants=(
        Grant(who=("role:developer",), may=("deploy", "rollback"), environments=("homolog",)),
        Grant(who=("role:manager",), may=("*",), environments=("production",)),
        Grant(
            who=("role:developer", "role:manager"), may=("status", "logs", "history"), environments=("*", "production")
        ),
    ),
    registry=Registry(host="127.0.0.1:1"),
)


def spoken(services: dict[str, tuple[str, ...]], environments: dict[str, tuple[str, ...]]) -> Catalog:
    """A catalog of other names; who may do what is as above, in the environments that are called so."""
    return Catalog(
        services={name: service(name, *aliases) for name, aliases in services.items()},
        environments={
            name: Environment(name=name, aliases=aliases, production=name.startswith("prod"))
            for name, aliases in environments.items()
        },
        people=CATALOG.people,
        grants=CATALOG.grants,
        registry=CATALOG.registry,
    )


TEAM = spoken(
    {
        "api": (),
        "web": ("site", "front"),
        "worker": (),
        "checkout-service": ("checkout",),
        "api_gateway": (),
    },
    {"homolog": HOMOLOG.aliases, "production": PRODUCTION.aliases},
)
ODD = spoken(
    dict.fromkeys(
        ("status", "deploy", "to", "homolog", "rollback", "now", "branch", "and", "api", "api-2", "api.v2"), ()
    ),
    {"dev": (), "qa": ("teste",), "staging": ("stg",), "prod-us": (), "prod-eu": ()},
)
