"""What tests start in processes of their own, to kill them."""

from pathlib import Path

import torch

from v2f.__main__ import main
from v2f.models import Generator, NetworkConfig, save_networks


def save_again_and_again(path: Path) -> None:
    torch.set_num_threads(1)
    generator = Generator()
    for number in range(10**6):
        torch.nn.init.constant_(generator.get_parameter("model.0.bias"), number % 100)
        save_networks(path, {"generator": generator}, NetworkConfig(), {"number": str(number % 100)})


def train(pack: Path, encoder: Path, out: Path, steps: int, resume: bool) -> None:
    torch.set_num_threads(1)
    command = ["train", "gan", "--preset", "small-data", "--data", str(pack), "--encoder", str(encoder)]
    command += [
        "--out",
        str(out),
        "--steps",
        str(steps),
        "--batch",
        "2",
        "--save-every",
        "1",
        "--device",
        "cpu",
    ]
    assert main([*command, "--exact", *(["--resume"] if resume else [])]) == 0
