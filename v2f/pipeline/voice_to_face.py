"""`VoiceToFace`: a recording goes in, a face comes out, with what is known about it.

The path is the paper's at test time (Sec. 3.1.3): features of all speech in the recording (log-mel, or what else the
voice encoder takes), the encoder averaged over time, the embedding made unit length, the generator. The paper's
strips (Sec. 4.1) cut prefixes of 1, 2, 3, 5 and 10 seconds from the recording; so does `strip`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from v2f.audio import SAMPLE_RATE, Channel, Sound, bridge_gaps, decide, mix, require_speech, to_waveform
from v2f.audio.features import whole_frames
from v2f.audio.front_ends import FRONT_ENDS
from v2f.errors import NoSpeechError
from v2f.models import Inference, Runtime, hub
from v2f.models.weights import load, save_pretrained
from v2f.models.windows import WindowCache
from v2f.pipeline.clips import checked_durations, read_clip
from v2f.pipeline.live import LiveSession
from v2f.pipeline.prefixes import Prefixes
from v2f.pipeline.settling import Settling, settling
from v2f.pipeline.stopwatch import Stopwatch
from v2f.pipeline.types import DURATIONS, MAX_SECONDS, Clip, Face, Waveform


class VoiceToFace(Inference):
    """The whole path from sound to face. Safe to share between threads: calls keep no state."""

    @classmethod
    def from_pretrained(
        cls, name: str | Path, device: str | None = None, exact: bool = False
    ) -> "VoiceToFace":
        """Load a folder of `save_pretrained`, or else the model ``"owner/name"`` of the Hugging Face Hub.

        `device` and `exact` are those of `v2f.load`. Raises WeightsError when there is no such model, it cannot be
        fetched, or its weights are damaged.
        """
        source = name if Path(name).exists() else hub.PREFIX + str(name).removeprefix(hub.PREFIX)
        return cls(load(source), Runtime.choose(device, exact))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the weights, unchanged, and a model card into a folder, which `hf upload` takes as it is.

        A card that is there stays. Raises WeightsError when the folder cannot be written.
        """
        save_pretrained(self.model, folder)

    def face(self, clip: Clip, rate: float | None = None, channel: Channel | None = None) -> Face:
        """Generate the face of a recording; Sec. 3.1.3.

        Args:
            clip: a recording; of one longer than MAX_SECONDS, the first so many with speech are used.
            rate: samples per second; required for bare samples, and for nothing else.
            channel: "left" or "right", the only one to hear; None: the mean of all, or what `read_sound` takes.

        Returns:
            The face of all speech in the recording.

        Raises:
            ClipError: the clip is of no kind that is taken, or its rate is missing.
            UnreadableAudioError: the file cannot be read.
            NoSpeechError: less than half a second of it is speech.
        """
        (face,) = self.strip(clip, (), rate, channel)
        assert face, "strip raises where there is none"
        return face

    def strip(
        self,
        clip: Clip,
        durations: Sequence[float] = DURATIONS,
        rate: float | None = None,
        channel: Channel | None = None,
    ) -> list[Face | None]:
        """Generate a face for each duration, from that much of the recording's start, and one for all of it; Sec. 4.1.

        Args:
            clip, rate, channel: as for `face`.
            durations: seconds, each above 0.

        Returns:
            len(durations) + 1 faces, generated in one batch; None where the recording is shorter than the duration or
            has less than half a second of speech by then. The last one is never None.

        Raises:
            ClipError, UnreadableAudioError, NoSpeechError: as `face` does.
        """
        durations = checked_durations(durations)
        watch = Stopwatch()
        with watch.stage("read"):
            recording = read_clip(clip, rate, channel)
        with watch.stage("vad"):
            decisions = decide(recording.waveform)
        return self._strip(Prefixes(recording.waveform, decisions, durations), watch, recording)

    def strips(self, recordings: Sequence[Prefixes]) -> list[list[Face | None]]:
        """Generate the strips of several recordings in one batch, for less than each of them would take by itself.

        Returns:
            Of each recording what `strip` does, but None for every face where there is less than half a second of
            speech.
        """
        return self._strips(recordings, Stopwatch())

    def noise_strip(
        self,
        clip: Clip | None,
        noise: Waveform,
        snr_db: float | None,
        durations: Sequence[float] = DURATIONS,
        rate: float | None = None,
        judged: bool = True,
    ) -> list[Face | None]:
        """Generate a strip from a voice in noise, or from noise alone; Sec. 4.1, Figure 2.

        Speech is detected in the clean voice, so that noise changes how the speech sounds and not which part is used.
        Noise alone is used whole: the detector would leave nothing of it.

        Args:
            clip: the voice, as for `face`; not used for noise alone.
            noise: samples [n] at 16 kHz, in [-1, 1].
            snr_db: signal-to-noise ratio over the speech frames, in dB; None for noise alone.
            durations: seconds, each above 0.
            rate: samples per second of the voice; required for bare samples, and for nothing else.
            judged: whether the faces' scores are wanted.

        Returns:
            As `strip` does.

        Raises:
            ValueError: a ratio without a voice.
            ClipError, UnreadableAudioError, NoSpeechError: as `face` does.
        """
        durations = checked_durations(durations)
        watch = Stopwatch()
        noise = to_waveform(noise, SAMPLE_RATE, MAX_SECONDS)
        if snr_db is None:
            return self._strip(Prefixes(noise, None, durations, judged=judged), watch)
        if clip is None:
            raise ValueError("a signal-to-noise ratio needs a voice")
        with watch.stage("read"):
            voice = read_clip(clip, rate)
        with watch.stage("vad"):
            decisions = decide(voice.waveform)
        mixed = mix(voice.waveform, noise, snr_db, bridge_gaps(decisions))
        return self._strip(Prefixes(mixed, decisions, durations, judged=judged), watch, voice)

    def settling(self, strip: Sequence[Face | None]) -> Settling:
        """Say how settled the faces of a strip are: how far each probably is from the face after a minute of speech.

        Args:
            strip: what `strip` gives.

        Raises:
            UnmeasuredError: the weights do not tell how sure their model is.
        """
        return settling(self, strip)

    def live(self) -> LiveSession:
        """Begin a recording in progress, for audio that arrives in pieces."""
        return LiveSession(self.strips, MAX_SECONDS)

    def _strip(self, recording: Prefixes, watch: Stopwatch, source: Sound | None = None) -> list[Face | None]:
        """The strip of one recording. Raises NoSpeechError where there is too little speech for any face."""
        where = source.looked_at if source else ""
        require_speech(recording.samples_used(recording.waveform.size), where)
        (strip,) = self._strips([recording], watch)
        notes = source.notes if source else ()
        return [face and replace(face, notes=notes) for face in strip] if notes else strip

    def _strips(self, recordings: Sequence[Prefixes], watch: Stopwatch) -> list[list[Face | None]]:
        """`strips`, timed. Features are computed once; those of a prefix are cut from the whole's."""
        front_end = FRONT_ENDS[self.model.config.encoder]
        features: list[Tensor] = []
        caches: list[WindowCache] = []
        growing: list[bool] = []
        speech_of: list[dict[int, int]] = []
        with watch.stage("features"):
            for recording in recordings:
                speech_of.append(_speech_by_stop(recording))
                if speech_of[-1]:
                    whole = recording.frames(front_end)
                    lengths = [whole_frames(speech) for speech in speech_of[-1].values()]
                    features += [front_end.normalise(whole[:, :frames]) for frames in lengths]
                    caches += [recording.cache.windows] * len(lengths)
                    durations = recording.stops[:-1]
                    growing += [recording.growing and stop not in durations for stop in speech_of[-1]]
        with watch.stage("encoder"):
            embeddings = self.embed(features, caches, growing)
        with watch.stage("generator"):
            images, scores = self.faces(embeddings, judged=any(recording.judged for recording in recordings))
        generated = (  # copies: a face that is kept must not keep the whole batch, which may be of other people
            (images[i].copy(), embeddings[i].copy(), None if scores is None else float(scores[i]))
            for i in range(len(images))
        )
        strips = []
        for recording, stops in zip(recordings, speech_of, strict=True):
            faces = {
                stop: Face(*next(generated), speech / SAMPLE_RATE, stop / SAMPLE_RATE, dict(watch))
                for stop, speech in stops.items()
            }
            strips.append([faces.get(stop) for stop in recording.stops])
        return strips


def _speech_by_stop(recording: Prefixes) -> dict[int, int]:
    """Samples of audio -> of speech, of each prefix that is long enough; equal prefixes share a face."""
    speech_of = {}
    for stop in recording.stops:
        speech = recording.samples_used(stop)
        with suppress(NoSpeechError):
            require_speech(speech)
            if stop <= recording.waveform.size:
                speech_of[stop] = speech
    return speech_of
