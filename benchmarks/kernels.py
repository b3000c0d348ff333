"""What each CPU kernel of v2f/models gains by itself: with all of them, and with some replaced by PyTorch's own."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median
from unittest.mock import patch

from benchmarks.step import made_pack, make_task
from benchmarks.timing import Row, Table, in_turns, spread
from v2f.models import Runtime

ROUNDS = 9
BATCH = 64
Replaced = Mapping[str, object]  # by its full name, what stands in its place
FEW_PIXELS, LEARN = "v2f.models.cpu_kernels.FEW_PIXELS", "v2f.training.tasks.adversarial.learn_on_cpu"


def measure() -> Iterator[Table]:
    """Of a training step."""
    runtime = Runtime.choose("cpu")
    steps: dict[str, Replaced] = {
        "all kernels": {},
        "PyTorch's convolutions among few pixels": {FEW_PIXELS: 0},
        "PyTorch's convolutions": {LEARN: lambda network: network},
    }
    yield f"A training step, batch {BATCH}", ablation(steps, partial(training_step, runtime))


def ablation(ways: Mapping[str, Replaced], make: Callable[[], Callable[[], object]]) -> list[Row]:
    """Each way beside the first; what is replaced is so while it is made and while it runs."""
    runs = {name: with_replaced(replaced, make) for name, replaced in ways.items()}
    took = in_turns(runs, ROUNDS)
    first = median(next(iter(took.values())))
    return [
        {"way": way, "time": spread(seconds), "slower by": f"{median(seconds) / first - 1:+.0%}"}
        for way, seconds in took.items()
    ]


def with_replaced(replaced: Replaced, make: Callable[[], Callable[[], object]]) -> Callable[[], object]:
    patches = [patch(name, value) for name, value in replaced.items()]

    def within(function: Callable[[], Callable[[], object]]) -> Callable[[], object]:
        for one in patches:
            one.start()
        try:
            return function()
        finally:
            for one in patches:
                one.stop()

    run = within(make)
    return lambda: within(run)  # type: ignore[arg-type]


def training_step(runtime: Runtime) -> Callable[[], object]:
    return partial(make_task(made_pack(), BATCH, runtime).step, 0)
