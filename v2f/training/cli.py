"""v2f train: the voice encoder, then Algorithm 1 on its embeddings; or a classifier that evaluation asks.

    v2f train speaker --data STORE --pairs STORE-pairs --out runs/speaker
    v2f train pack --data STORE --encoder runs/speaker/encoder.safetensors --out runs/pack.npz
    v2f train gan --data runs/pack.npz --encoder runs/speaker/encoder.safetensors --out runs/gan
    v2f train portrait --data runs/pack.npz --encoder runs/fused/encoder.safetensors --out runs/portrait
    v2f train gan ... --resume        continue from the last checkpoint
    torchrun --nproc-per-node 8 train.py gan ...        several processes, each with a GPU if there are any
    v2f train fused --data STORE --pairs STORE-pairs --out runs/fused        instead of `speaker`
    v2f train gender --data STORE --out runs/gender
    v2f train matcher --data STORE --out runs/dimnet-i --kind dimnet-i

Ctrl-C or SIGTERM saves a checkpoint and stops. Losses go to log.jsonl and TensorBoard, sample grids beside them.
"""

import argparse
import ctypes
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f.cli import INTERRUPTED, SEEDS, between
from v2f.errors import V2FError

if TYPE_CHECKING:
    from v2f.models import Encoder, NetworkConfig
    from v2f.training.pack import Pack


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `train` and its stages to the command line."""
    top = subparsers.add_parser(
        "train",
        help="train a model, or a classifier to measure it by",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = top.add_subparsers(
        required=True, metavar="speaker | fused | pack | gan | portrait | gender | matcher"
    )
    speaker = stages.add_parser("speaker", help="stage one: the voice encoder")
    speaker.add_argument("--preset", choices=("paper", "small-data"), default="small-data")
    speaker.add_argument(
        "--pairs",
        type=Path,
        help="to learn looks as well: the true pairs that `v2f prepare demo` leaves beside its store",
    )
    speaker.set_defaults(run=run, stage=train_speaker)
    fused = stages.add_parser("fused", help="two public voice encoders, fitted to voices and true pairs")
    fused.add_argument(
        "--pairs", type=Path, required=True, help="that `v2f prepare demo` leaves beside its store"
    )
    fused.set_defaults(run=run, stage=write_fused)
    pack = stages.add_parser("pack", help="all that stage two reads, in one small file")
    pack.add_argument("--crops", type=between(1), default=48, help="embeddings a voice")
    pack.add_argument(
        "--size", type=between(16, 1024), help="pixels to shrink a face's side to (default: the store's)"
    )
    pack.add_argument(
        "--pairs",
        type=Path,
        help="for `portrait`: the true pairs that `v2f prepare demo` leaves beside its store",
    )
    pack.add_argument("--faceres", type=Path, help="for `portrait`: the folder given to `v2f prepare demo`")
    pack.set_defaults(run=run, stage=write_pack)
    gan = stages.add_parser("gan", help="stage two: Algorithm 1, the encoder frozen")
    gan.add_argument("--preset", choices=("paper", "small-data"), default="small-data")
    gan.add_argument("--generator", choices=("table2", "composite"), help="instead of the preset's")
    gan.set_defaults(run=run, stage=train_gan)
    portrait = stages.add_parser("portrait", help="stage two of the bundled model: composites made sharp")
    portrait.set_defaults(run=run, stage=train_portrait)
    gender = stages.add_parser("gender", help="Sec. 4.2's gender classifier of faces")
    gender.set_defaults(run=run, stage=train_gender)
    matcher = stages.add_parser("matcher", help="another row of Table 3: voices to faces without making one")
    matcher.add_argument("--kind", choices=("dimnet-i", "dimnet-g", "svhf"), required=True)
    matcher.set_defaults(run=run, stage=train_matcher)
    for stage, data, out in (
        (speaker, "a store, by `v2f prepare`", "folder of the run"),
        (fused, "a store, by `v2f prepare demo`", "folder of the run"),
        (pack, "a store, by `v2f prepare`", "the .npz file to write"),
        (gan, "a pack, by `v2f train pack`", "folder of the run"),
        (portrait, "a pack, by `v2f train pack --pairs`", "folder of the run"),
        (gender, "a store, by `v2f prepare`", "folder of the run"),
        (matcher, "a store, by `v2f prepare`", "folder of the run"),
    ):
        stage.add_argument("--data", type=Path, required=True, help=data)
        stage.add_argument("--out", type=Path, required=True, help=out)
        stage.add_argument("--seed", type=between(*SEEDS), help="instead of 0")
    for stage in (pack, gan, portrait):
        stage.add_argument(
            "--encoder", type=Path, required=True, help="weights by `v2f train speaker` or `fused`"
        )
    for stage in (speaker, gan, portrait, gender, matcher):
        stage.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
        stage.add_argument("--steps", type=between(1), help="instead of the preset's")
        stage.add_argument("--batch", type=between(2), help="instead of the preset's")
        stage.add_argument(
            "--save-every", type=between(1), default=500, help="steps between checkpoints and grids"
        )
        stage.add_argument("--device", help="cpu or cuda; by itself, CUDA where there is one")
        stage.add_argument("--exact", action="store_true", help="float32 throughout")


def run(options: argparse.Namespace) -> int:
    """Run a stage; returns the exit code."""
    if options.stage is not train_gan:
        _refuse_torchrun()
    if options.stage(options):
        return 0
    if os.environ.get("RANK", "0") == "0":
        print(f"Stopped; the same command with --resume goes on. Saved in {options.out}.", file=sys.stderr)
    return INTERRUPTED


def train_speaker(options: argparse.Namespace) -> bool:
    """Stage one."""
    from v2f.data.demo.looks import PreparedPairs
    from v2f.data.store import Store
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.speaker import PRESETS, SpeakerTask

    config = replace(PRESETS[options.preset], **_given(options))
    if options.pairs and not config.looks_weight:
        raise V2FError(f"With --preset {options.preset} no looks are learned; leave --pairs out.")
    pairs = PreparedPairs.open(options.pairs) if options.pairs else None
    task = SpeakerTask(Store.open(options.data), config, Runtime.choose(options.device, options.exact), pairs)
    return train(task, options.out, _schedule(options, config.steps), options.resume)


def write_fused(options: argparse.Namespace) -> bool:
    """In place of stage one: the public encoders of two packages."""
    from v2f.data.demo.looks import PreparedPairs
    from v2f.training.fused import make_encoder

    print(make_encoder(options.data, PreparedPairs.open(options.pairs), options.out, options.seed or 0))
    return True


def write_pack(options: argparse.Namespace) -> bool:
    """What lies between the stages: the embeddings of many crops, with the faces."""
    from v2f.training.pack import make_pack

    looks = None
    if options.pairs or options.faceres:
        if not (options.pairs and options.faceres):
            raise V2FError("Composite portraits need both --pairs and --faceres.")
        from v2f.data.demo.looks import PreparedPairs, TrueLooks

        looks = TrueLooks(PreparedPairs.open(options.pairs), options.faceres)
    seed = options.seed or 0
    path = make_pack(options.data, options.encoder, options.out, options.crops, seed, options.size, looks)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return True


def train_gan(options: argparse.Namespace) -> bool:
    """Stage two."""
    from v2f.models import Runtime
    from v2f.training.batches import image_size
    from v2f.training.distributed import started_by_torchrun
    from v2f.training.loop import train
    from v2f.training.presets import PRESETS
    from v2f.training.tasks.adversarial import AdversarialTask

    pack, encoder, network_config = _pack_and_encoder(options)
    preset = PRESETS[options.preset]
    generator = options.generator or preset.networks.generator
    size = image_size(pack.faces, str(options.data), generator)
    networks = replace(network_config, generator=generator, image_size=size)
    config = replace(preset, networks=networks, **_given(options))
    _keep_freed_memory()
    with started_by_torchrun(options.device) as (processes, device):
        runtime = Runtime.choose(device, options.exact)
        task = AdversarialTask(pack, encoder, config, runtime, processes)
        return train(task, options.out, _schedule(options, config.steps), options.resume, processes)


def train_portrait(options: argparse.Namespace) -> bool:
    """Stage two of the bundled model."""
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.portrait import PortraitConfig, PortraitTask

    pack, encoder, network_config = _pack_and_encoder(options)
    preset = PortraitConfig()
    networks = replace(preset.networks, encoder=network_config.encoder, reading=network_config.reading)
    config = replace(preset, networks=networks, **_given(options))
    _keep_freed_memory()
    task = PortraitTask(pack, encoder, config, Runtime.choose(options.device, options.exact))
    return train(task, options.out, _schedule(options, config.steps), options.resume)


def train_gender(options: argparse.Namespace) -> bool:
    """The gender classifier that generated faces are measured by."""
    from v2f.data.store import Store
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.gender import GenderConfig, GenderTask

    config = replace(GenderConfig(), **_given(options))
    task = GenderTask(Store.open(options.data), config, Runtime.choose(options.device, options.exact))
    return train(task, options.out, _schedule(options, config.steps), options.resume)


def train_matcher(options: argparse.Namespace) -> bool:
    """A matcher of voices and faces to compare with."""
    from v2f.data.store import Store
    from v2f.models import Runtime
    from v2f.training.loop import train
    from v2f.training.tasks.matcher import MatcherConfig, MatcherTask

    config = replace(MatcherConfig(kind=options.kind), **_given(options))
    task = MatcherTask(Store.open(options.data), config, Runtime.choose(options.device, options.exact))
    return train(task, options.out, _schedule(options, config.steps), options.resume)


def _pack_and_encoder(options: argparse.Namespace) -> "tuple[Pack, Encoder, NetworkConfig]":
    """The pack, the encoder that it was made with, and the encoder's configuration."""
    from v2f.models import Encoder, file_hash, load_networks
    from v2f.training.pack import Pack

    pack = Pack.open(options.data)
    networks, config, _ = load_networks(options.encoder)
    encoder = networks.get("encoder")
    if not isinstance(encoder, Encoder) or file_hash(options.encoder) != pack.hashes[1]:
        raise V2FError(
            f"{options.data} was not made with the encoder {options.encoder}; make the pack again."
        )
    return pack, encoder, config


def _refuse_torchrun() -> None:
    from v2f.training.distributed import DistributedError, several

    if several():
        raise DistributedError("Only `train.py gan` runs under torchrun; start this with `v2f train`.")


def _keep_freed_memory() -> None:
    """Have glibc use freed memory again; large tensors would be mapped, and cleared, anew at every step."""
    mmap_max, trim_threshold = -4, -1  # malloc.h's numbers
    with suppress(AttributeError, OSError, TypeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    values = {name: getattr(options, name) for name in ("steps", "batch", "seed")}
    return {name: value for name, value in values.items() if value is not None}


def _schedule(options: argparse.Namespace, steps: int):
    from v2f.training.loop import Schedule

    return Schedule(steps, log_every=min(10, options.save_every), save_every=options.save_every)
