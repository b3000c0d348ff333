"""Serves the page as a Hugging Face Space, at the address and by the names that its variables say."""

import os

import v2f
from v2f.kiosk.server import serve
from v2f.kiosk.settings import Settings

if __name__ == "__main__":
    names = tuple(
        filter(None, os.environ.get("SPACE_HOST", "").split(","))
    )  # several with a domain of one's own
    serve(
        v2f.load(),
        os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
        Settings(names=names, framed_by="https://huggingface.co"),
    )
