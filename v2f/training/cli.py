"""v2f train: the voice encoder, then Algorithm 1 on its embeddings; or a classifier that evaluation asks.

    v2f train speaker --data STORE --out runs/speaker
    v2f train pack --data STORE --encoder runs/speaker/encoder.safetensors --out runs/pack.npz
    v2f train gan --data runs/pack.npz --encoder runs/speaker/encoder.safetensors --out runs/gan
    v2f train gan ... --resume        continue from the last checkpoint
    torchrun --nproc-per-node 8 train.py gan ...        several processes, each with a GPU if there are any
    v2f train gender --data STORE --out runs/gender
    v2f train matcher --data STORE --out runs/dimnet-i --kind dimnet-i

The bundled model's other stages are in v2f/demo/cli.py.
--config and --set change the preset's settings (v2f/training/presets.py), which weights hold: `v2f weights show`.
Ctrl-C or SIGTERM saves a checkpoint and stops. Losses go to log.jsonl and TensorBoard, sample grids beside them. `gan`
matches validation people at every checkpoint; v2f-best.safetensors are the weights that did so best, v2f.safetensors
the last. `speaker`, `gender` and `matcher` measure validation people as well. Test people are not looked at.
"""

import argparse
import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f.cli import INTERRUPTED, SEEDS, between, require_file, require_folder
from v2f.data.sources import VOICE_LAYOUTS
from v2f.errors import V2FError

if TYPE_CHECKING:
    from v2f.models import Encoder, NetworkConfig, Runtime
    from v2f.training.pack import Pack
    from v2f.training.packing import Further
    from v2f.training.settings import Config

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

RUN = "folder of the run"


def add_arguments(subparsers: "Subparsers") -> "Subparsers":
    """Add `train` and its stages to the command line; returns the stages, to which others may be added."""
    top = subparsers.add_parser(
        "train",
        help="train a model, or a classifier to measure it by",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = top.add_subparsers(required=True, metavar="STAGE")
    speaker = stages.add_parser("speaker", help="stage one: the voice encoder")
    speaker.add_argument(
        "--reading",
        choices=("released", "table2"),
        default="released",
        help="the networks, also of stage two: as the authors released them (the default), or Table 2 to the letter",
    )
    pack = stages.add_parser("pack", help="all that stage two reads, in one small file")
    _add_crops(pack)
    gan = stages.add_parser("gan", help="stage two: Algorithm 1, the encoder frozen")
    gender = stages.add_parser("gender", help="Sec. 4.2's gender classifier of faces")
    matcher = stages.add_parser("matcher", help="another row of Table 3: voices to faces without making one")
    matcher.add_argument("--kind", choices=("dimnet-i", "dimnet-g", "svhf"), required=True)
    for stage, function, data, out in (
        (speaker, train_speaker, "a store, by `v2f prepare`", RUN),
        (pack, write_pack, "a store, by `v2f prepare`", "the .npz file to write"),
        (gan, train_gan, "a pack, by `v2f train pack`", RUN),
        (gender, train_gender, "a store, by `v2f prepare`", RUN),
        (matcher, train_matcher, "a store, by `v2f prepare`", RUN),
    ):
        add_stage(stage, function, data, out)
        add_settings(stage)
        stage.add_argument(
            "--memory",
            type=between(0, 1e6, float),
            metavar="GB",
            help="recordings, or faces, that take more than this are read from the disk, ahead of the steps"
            " (default: half of the memory)",
        )
    for stage in (speaker, pack, gan):
        stage.add_argument(
            "--preset",
            choices=("paper", "small-data"),
            default="small-data",
            help="the same for all three stages (default: %(default)s)",
        )
    for stage in (speaker, gan, gender, matcher):
        add_steps(stage)
    for stage in (pack, gan):
        add_encoder(stage)
    pack.set_defaults(writes_file=True)
    for stage in (speaker, gan):
        stage.set_defaults(several=True)
    return stages


def _add_crops(pack: argparse.ArgumentParser) -> None:
    """Add what a pack is made of."""
    pack.add_argument("--crops", type=between(1), default=48, help="embeddings a voice")
    pack.add_argument(
        "--size", type=between(16, 1024), help="pixels to shrink a face's side to (default: the store's)"
    )
    pack.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="in place of the store's recordings: log-mel in .npy files, as the method's authors share it (fbank)",
    )
    pack.add_argument(
        "--feature-layout",
        choices=VOICE_LAYOUTS,
        default=VOICE_LAYOUTS[0],
        help="as --voice-layout of prepare",
    )


def add_stage(
    stage: argparse.ArgumentParser, function: Callable[[argparse.Namespace], bool], data: str, out: str
) -> None:
    """Add what every stage is told, and the function that does its work: True once it is done, False if stopped."""
    stage.add_argument("--data", type=Path, required=True, help=data)
    stage.add_argument("--out", type=Path, required=True, help=out)
    stage.add_argument("--seed", type=between(*SEEDS), help="instead of 0")
    stage.set_defaults(run=run, stage=function, writes_file=False, several=False)


def add_encoder(stage: argparse.ArgumentParser) -> None:
    """Add the flag that names a voice encoder."""
    stage.add_argument(
        "--encoder", type=Path, required=True, help="weights with a voice encoder, by stage one"
    )


def add_settings(stage: argparse.ArgumentParser) -> None:
    """Add the flags that change settings."""
    stage.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="settings by section and name, over the preset's"
    )
    stage.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="one setting, such as adversarial.learning_rate=1e-4; may be given several times",
    )


def add_steps(stage: argparse.ArgumentParser) -> None:
    """Add the flags of a stage that trains step by step."""
    stage.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    stage.add_argument("--steps", type=between(1), help="instead of the preset's")
    stage.add_argument("--batch", type=between(2), help="instead of the preset's")
    stage.add_argument(
        "--save-every",
        type=between(1),
        default=500,
        help="steps between checkpoints, grids and what is measured",
    )
    stage.add_argument("--device", help="cpu or cuda; by itself, CUDA where there is one")
    stage.add_argument("--exact", action="store_true", help="float32 throughout")


def run(options: argparse.Namespace) -> int:
    """Run a stage; returns the exit code."""
    if not options.several:
        _refuse_torchrun()
    (require_file if options.writes_file else require_folder)(options.out)
    if options.stage(options):
        return 0
    if os.environ.get("RANK", "0") == "0":
        print(f"Stopped; the same command with --resume goes on. Saved in {options.out}.", file=sys.stderr)
    return INTERRUPTED


def train_speaker(options: argparse.Namespace) -> bool:
    """Stage one."""
    from v2f.data.store import Store
    from v2f.models import NetworkConfig, Runtime
    from v2f.training.distributed import started_by_torchrun
    from v2f.training.loop import train
    from v2f.training.presets import PRESETS
    from v2f.training.tasks.speaker import SpeakerTask

    networks = NetworkConfig(options.reading)
    preset = replace(PRESETS[options.preset].speaker, networks=networks)
    config = replace(chosen(preset, "speaker", options), **given(options))
    store = Store.open(options.data)
    with started_by_torchrun(options.device) as (processes, device):
        runtime = Runtime.choose(device, options.exact)
        task = SpeakerTask(store, config, runtime, processes, _limit(options, runtime))
        return train(task, options.out, schedule(options, config.steps), options.resume, processes)


def write_pack(options: argparse.Namespace, further: "Further | None" = None) -> bool:
    """What lies between the stages: the embeddings of many crops, with the faces."""
    from v2f.data.sources import find_features
    from v2f.models import Runtime
    from v2f.training.packing import make_pack
    from v2f.training.presets import PRESETS

    path = make_pack(
        options.data,
        options.encoder,
        options.out,
        options.crops,
        options.seed or 0,
        options.size,
        further,
        chosen(PRESETS[options.preset].pack, "pack", options),
        _limit(options, Runtime.choose()),
        find_features(options.features, options.feature_layout) if options.features else None,
    )
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return True


def train_gan(options: argparse.Namespace) -> bool:
    """Stage two."""
    from v2f.models import Runtime
    from v2f.training.batches import image_size
    from v2f.training.distributed import started_by_torchrun
    from v2f.training.loop import train
    from v2f.training.pack import Pack
    from v2f.training.presets import PRESETS
    from v2f.training.tasks.small_data import algorithm1

    preset = chosen(PRESETS[options.preset].adversarial, "adversarial", options)
    keep_freed_memory()
    with started_by_torchrun(options.device) as (processes, device):
        runtime = Runtime.choose(device, options.exact)
        pack = Pack.open(options.data, _limit(options, runtime))
        encoder, network_config = encoder_of(pack, options)
        size = image_size(pack.faces, str(options.data))
        networks = replace(network_config, generator="table2", image_size=size)
        config = replace(preset, networks=networks, **given(options))
        task = algorithm1(pack, encoder, config, runtime, processes)
        return train(task, options.out, schedule(options, config.steps), options.resume, processes)


def train_gender(options: argparse.Namespace) -> bool:
    """The gender classifier that generated faces are measured by."""
    from v2f.data.store import Store
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.gender import GenderConfig, GenderTask

    config = replace(chosen(GenderConfig(), "gender", options), **given(options))
    runtime = Runtime.choose(options.device, options.exact)
    task = GenderTask(Store.open(options.data), config, runtime, _limit(options, runtime))
    return train(task, options.out, schedule(options, config.steps), options.resume)


def train_matcher(options: argparse.Namespace) -> bool:
    """A matcher of voices and faces to compare with."""
    from v2f.data.store import Store
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.matcher import MatcherConfig, MatcherTask

    config = replace(chosen(MatcherConfig(kind=options.kind), "matcher", options), **given(options))
    runtime = Runtime.choose(options.device, options.exact)
    task = MatcherTask(Store.open(options.data), config, runtime, _limit(options, runtime))
    return train(task, options.out, schedule(options, config.steps), options.resume)


def encoder_of(pack: "Pack", options: argparse.Namespace) -> "tuple[Encoder, NetworkConfig]":
    """The encoder that a pack was made with, and its configuration; raises V2FError for another one."""
    from v2f.models import Encoder, load_networks
    from v2f.models.weights import digest_of

    networks, config, _ = load_networks(options.encoder)
    encoder = networks.get("encoder")
    if not isinstance(encoder, Encoder) or pack.hashes[1] != digest_of(encoder.state_dict()):
        raise V2FError(
            f"{options.data} was not made with the encoder {options.encoder}; make the pack again."
        )
    return encoder, config


def _refuse_torchrun() -> None:
    from v2f.training.distributed import DistributedError, several

    if several():
        raise DistributedError(
            "Only `train.py speaker` and `gan` run under torchrun; start this with `v2f train`."
        )


def _limit(options: argparse.Namespace, runtime: "Runtime") -> int:
    """Bytes of recordings, or of faces, that are held in memory."""
    from v2f.training.memory import memory_limit

    return memory_limit(runtime.device, options.memory)


def keep_freed_memory() -> None:
    """Have glibc use freed memory again; large tensors would be mapped, and cleared, anew at every step."""
    mmap_max, trim_threshold = -4, -1  # malloc.h's numbers
    with suppress(AttributeError, OSError, TypeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


def chosen(preset: "Config", section: str, options: argparse.Namespace) -> "Config":
    """A stage's settings: the preset's, changed by --config and --set."""
    from v2f.training.settings import with_settings

    return with_settings(preset, section, options.config, options.settings)


def given(options: argparse.Namespace) -> dict[str, Any]:
    values = {name: getattr(options, name) for name in ("steps", "batch", "seed")}
    return {name: value for name, value in values.items() if value is not None}


def schedule(options: argparse.Namespace, steps: int):
    from v2f.training.loop import Schedule

    return Schedule(steps, log_every=min(10, options.save_every), save_every=options.save_every)
