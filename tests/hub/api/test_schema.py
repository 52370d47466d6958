"""Whatever a stranger asks, with or without a token, is answered and never a fault of ours."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.process import running
from tests.hub.worlds import KioskLog, Owner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TOOL = shutil.which("schemathesis", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(TOOL is None, reason="needs schemathesis")
@pytest.mark.parametrize("role", ["nobody", "staff"])
def test_no_request_is_a_fault_of_ours(tmp_path: Path, role: str) -> None:
    assert TOOL
    with running(tmp_path / "hub", "--enrol", KioskLog().vkey) as hub:
        hub.line()
        assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).status_code == 201
        token = hub.token("staff") if role == "staff" else "none"
        done = subprocess.run(
            [
                *(TOOL, "run", f"{hub.url}/openapi.json", "--max-examples", "40", "--seed", "1"),
                *("--checks", "not_a_server_error", "--header", f"Authorization: Bearer {token}"),
                *("--exclude-name", "GET /v1/payments"),  # it waits, as it is asked to
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert "Traceback" not in "\n".join(hub.logged)
        hub.stop()
