"""Every word on the page."""

TITLE = "v2f: a face from a voice"
TAGLINE = "A face from a voice"
HEADLINE = "Speak, and watch a face appear."
LEDE = "A model listens to your voice and pictures someone who might sound like you. Ten seconds are enough."
PROMPT = "Not sure what to say? Tell us what you had for breakfast."
PRIVACY = "Nothing you say is kept. The face is a guess by a model, not a likeness."

RECORDER = "Record your voice"
DROP = "Drop a sound file, or choose one"
EXAMPLE = "Example {number}"
DURATIONS = "Show the face after"
SECONDS = "{seconds} s"
FORGET = "Forget"

WAVEFORM = "Your voice"
SPEECH = "speech"
PAUSE = "pause"
CRITIC = "critic’s score, 0 to 1"
CRITIC_HELP = "0 to 1: how much it looks like a photograph to the model’s own critic"
WHOLE = "Your voice, {seconds:.1f} s"
SHORTER = "not recorded"
NO_SPEECH = "no speech yet"
FACE_ALT = "Face after {seconds} s"

NOISE = "The same voice, in noise"
NOISE_ALONE = "Noise alone"
NOISE_ALONE_HELP = "It goes straight to the model, past the speech detector that would leave nothing of it."
NOISE_KIND = "Kind of noise"
NOISE_NAMES = {"white": "White", "pink": "Pink", "brown": "Brown", "hum": "Hum", "babble": "Babble"}
NOISE_ONLY = "Noise only"
SNR = "Voice over noise, in dB"
CLEAN, BURIED = "clean", "buried"
MIXED = "{noise} noise, {snr} dB"
ALONE = "{noise} noise alone"

SHORTENED = "This recording is long, so only its first {seconds} seconds were used."
REFUSED = "That did not work"
TROUBLE = "Something went wrong on our side; please try once more."

SERVING = "v2f is at {address} (Ctrl-C stops it)"
PORT_TAKEN = (
    "Nothing can be served at {host}:{port}: stop what listens there, or choose another port with --port."
)
