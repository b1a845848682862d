"""Where things are: the checkout, its virtual environment, and the folder `.estiva/` that holds all else."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = CI / "requirements.txt"
EMULATOR = ROOT / ".venv-emulator"
EMULATOR_LOCK = CI / "emulator.txt"

STATE = Path(os.environ.get("ESTIVA_DATA", ROOT / ".estiva")).resolve()
LOG = STATE / "setup.log"
REPOSITORIES = STATE / "repos"
CATALOG = STATE / "catalog.yml"

REGISTRY = STATE / "registry"
REGISTRY_ENV = STATE / "registry.env"
REGISTRY_PORT = int(os.environ.get("ESTIVA_REGISTRY_PORT", "15001"))
REGISTRY_HOST = f"127.0.0.1:{REGISTRY_PORT}"

SERVICES = ROOT / "examples" / "services"
DEMO_CATALOG = ROOT / "examples" / "demo" / "catalog.yml"

OLDEST_PYTHON = (3, 11)
IS_ROOT = os.geteuid() == 0
HAS_SYSTEMD = Path("/run/systemd/system").is_dir()
IS_A_TERMINAL = sys.stdout.isatty()
