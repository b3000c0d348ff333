"""What a run tells while it trains: log.jsonl, TensorBoard, a progress bar and sample pictures."""

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

LOG = "log.jsonl"


class RunLog:
    """The log of a run in `folder`; with `writes` false, as in all processes but the first, it says nothing."""

    def __init__(self, folder: Path, start: int, steps: int, name: str, batch: int, writes: bool) -> None:
        """What was logged after step `start` is dropped: those steps are done again."""
        from tqdm import tqdm

        self.folder, self.batch = folder, batch
        self.bar = tqdm(desc=name, initial=start, total=steps, unit="step", disable=not writes)
        self.writer = None
        if writes:
            from torch.utils.tensorboard import SummaryWriter

            _cut(folder / LOG, start)
            self.writer = SummaryWriter(str(folder), purge_step=start)
            self.file = open(folder / LOG, "a", encoding="utf-8")  # noqa: SIM115 (closed by `close`)

    def losses(self, step: int, values: Mapping[str, float]) -> None:
        if self.writer is None:
            return
        self.file.write(json.dumps({"step": step, **values}) + "\n")
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        rate = (self.bar.format_dict["rate"] or 0) * self.batch
        shown = {name: f"{value:.3f}" for name, value in values.items()}
        self.bar.set_postfix({"samples/s": f"{rate:.0f}", **shown}, refresh=False)

    def validation(self, step: int, figures: Mapping[str, float]) -> None:
        """What was measured on validation people, on the console; `losses` logs it."""
        told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self.say(f"step {step}: {told}")

    def say(self, sentence: str) -> None:
        """A sentence on the console, above the progress bar."""
        if self.writer is not None:
            self.bar.write(sentence)

    def samples(self, step: int, picture: Tensor) -> None:
        """A picture uint8 [height, width, 3]."""
        if self.writer is None:
            return
        from PIL import Image

        self.writer.add_image("samples", picture, step, dataformats="HWC")
        Image.fromarray(picture.numpy()).save(self.folder / f"samples-{step:06d}.png")

    def flush(self) -> None:
        """Bring log.jsonl up to date on the disk."""
        if self.writer is not None:
            self.file.flush()

    def results(self, step: int, figures: Mapping[str, float]) -> None:
        """Final figures, also printed."""
        if self.writer is None:
            return
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)
            self.bar.write(f"{name}: {value:.4g}")

    def close(self) -> None:
        self.bar.close()
        if self.writer is not None:
            self.file.close()
            self.writer.close()


def _cut(path: Path, step: int) -> None:
    """Drop what was logged after a step, and a last line cut short."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            if json.loads(line)["step"] > step:
                break
        except (ValueError, KeyError):
            break
        kept.append(line + "\n")
    partial = path.with_suffix(".part")
    partial.write_text("".join(kept), encoding="utf-8")
    partial.replace(path)
