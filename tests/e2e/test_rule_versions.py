"""Rules are pulled, pushed as a version and rolled back with the command line, in the local cloud."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

RIPEN = str(Path(sys.executable).with_name("ripen"))


def test_a_change_is_pushed_told_and_rolled_back(cloud, tmp_path):
    def rules(*arguments):
        command = [RIPEN, "rules", *arguments, "--local", "--port", str(urlsplit(cloud.endpoint).port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    rules("pull", str(tmp_path))
    before = rules("show", "live").splitlines()[0]
    scoring = tmp_path / "rules" / "scoring.yaml"
    scoring.write_text(scoring.read_text().replace("half_life: 90d", "half_life: 91d", 1))

    told = rules("push", str(tmp_path), "--as", "Ann", "--why", "a day more", "--yes")
    assert "profile `engagement` halves every 91 days instead of 90" in told
    assert rules("history").splitlines()[0].endswith(" by Ann: a day more")

    rules("rollback", "--as", "Ann", "--why", "no effect", "--yes")
    assert rules("show", "live").splitlines()[0] == before
    assert "is live: no effect" in rules("history")
