import subprocess
import sys


def test_importing_the_package_does_not_import_torchaudio():
    code = "import sys, v2f.audio; sys.exit('torchaudio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_torchaudio_comes_in_under_any_torch():
    code = "from v2f.audio.torchaudio_parts import functional; functional.melscale_fbanks"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
