"""Who lives in the workspace."""

from dataclasses import dataclass

from bot.workspace.wire import APP, BOT, BOT_USER, TEAM, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace; the bot is one too."""

    id: str
    handle: str
    name: str
    title: str
    locale: str = "en-US"
    time_zone: str = "America/Sao_Paulo"
    color: str = "4a154b"
    is_bot: bool = False
    team: str = TEAM
    """Another id: somebody of another workspace, here through a shared channel."""
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False

    @property
    def email(self) -> str:
        """Return an address that belongs to nobody."""
        return f"{self.handle}@estiva.example"

    def brief(self) -> Json:
        """Return the person as the page and the terminal read it."""
        return {
            "id": self.id,
            "handle": self.handle,
            "name": self.name,
            "title": self.title,
            "locale": self.locale,
            "is_bot": self.is_bot,
            "color": self.color,
        }

    def user(self, *, with_locale: bool = False, with_email: bool = False) -> Json:
        """Return the person as `users.info` shows a user."""
        profile: Json = {"real_name": self.name, "display_name": self.handle, "title": self.title, "team": self.team}
        if with_email and not self.is_bot:
            profile["email"] = self.email
        if self.is_bot:
            profile |= {"bot_id": BOT, "api_app_id": APP}
        user: Json = {
            "id": self.id,
            "team_id": self.team,
            "name": self.handle,
            "real_name": self.name,
            "deleted": self.deleted,
            "color": self.color,
            "tz": self.time_zone,
            "tz_offset": -10800,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1764000000,
        }
        if self.team != TEAM:
            user["is_stranger"] = self.is_stranger  # Slack says it only of people of other workspaces
        if self.deleted:
            for gone in ("is_admin", "is_owner", "is_restricted", "is_ultra_restricted", "tz", "tz_offset"):
                user.pop(gone)
        return user | {"locale": self.locale} if with_locale else user


ANA = Person(id="UANADEV01", handle="dev", name="Ana", title="Developer", color="2b6cb0")
RUI = Person(id="URUIREL01", handle="release", name="Rui", title="Release manager", locale="pt-BR", color="2f855a")
EVA = Person(id="UEVAOUT01", handle="outsider", name="Eva", title="Guest from another team", color="b7791f")
BIA = Person(id="UBIADEV02", handle="dev2", name="Bia", title="Developer", color="9b2c2c")
ESTIVA = Person(id=BOT_USER, handle="estiva", name="Estiva", title="Ships from chat", color="285e61", is_bot=True)

EVERYBODY = (ANA, RUI, EVA, BIA, ESTIVA)
