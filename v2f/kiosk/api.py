"""The page's named endpoints, for programs: /face, /strip and /noise, as gradio_client calls them.

A face is answered as {"image", "score", "seconds", "duration", "embedding", "notes"}: its image a PNG in a data URL,
its embedding 64 numbers, its notes what was left unread or chosen of the recording. Recordings are deleted once read,
and no face is written to the disk.
"""

from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from v2f.audio import Channel, Sound
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.gradio_adapter import program_endpoint, read_once
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, MadeNoise, Ratio, encode_face
from v2f.pipeline import Face

FaceAnswer = dict[str, Any] | None


def add_endpoints(service: BoothService) -> None:
    """Give the page that is being built its endpoints; one call at a time is computed."""
    engine, queue = service.engine, service.queue

    def face(recording: FileData, channel: Channel | None = None) -> FaceAnswer:
        """The face of a recording, of its first 60 s with speech; `channel` is "left" or "right", to hear one alone."""
        voice = read(recording, channel)
        return with_embedding(queue.run(lambda: engine.face(voice)))

    def strip(recording: FileData, channel: Channel | None = None) -> list[FaceAnswer]:
        """Faces after 1, 2, 3, 5 and 10 s of a recording, null where there was too little, and of all of it."""
        voice = read(recording, channel)
        return [with_embedding(face) for face in queue.run(lambda: engine.strip(voice))]

    def noise(recording: FileData, kind: MadeNoise = "white", snr: Ratio | None = 5.0) -> list[FaceAnswer]:
        """As /strip, in noise at a signal-to-noise ratio of -10 to 30 dB, or of the noise alone where that is null."""
        voice = read(recording)
        sound = service.noises[kind][: voice.waveform.size]
        faces = queue.run(lambda: engine.noise_strip(voice, sound, snr))
        return [with_embedding(face) for face in faces]

    def read(recording: FileData, channel: Channel | None = None) -> Sound:
        return read_once(recording.path, service.uploads, MAX_UPLOAD_SECONDS, channel)

    for endpoint in (face, strip, noise):
        checked = program_endpoint(endpoint)
        gr.api(checked, api_name=endpoint.__name__, concurrency_limit=1, concurrency_id="programs")


def with_embedding(face: Face | None) -> FaceAnswer:
    """A face as the page gets it, and its embedding."""
    message = encode_face(face)
    if message is None or face is None:
        return None
    return {**message, "embedding": face.embedding.tolist(), "notes": list(face.notes)}
