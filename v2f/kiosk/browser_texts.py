"""What the page says otherwise where it runs in a browser alone, and while it is fetched, as TEXTS has it."""

BROWSER_TEXTS: dict[str, tuple[str, str, str]] = {
    "athome": (
        "Your voice does not leave this device.",
        "Tu voz no sale de este dispositivo.",
        "你的声音不会离开这台设备。",
    ),
    "loading": ("Starting", "Iniciando", "正在开始"),
    "fetching": (
        "Fetching the model: {n} of {m} MB, this once",
        "Descargando el modelo: {n} de {m} MB, solo esta vez",
        "正在下载模型：{n} / {m} MB，只需一次",
    ),
    "preparing": ("Preparing the model", "Preparando el modelo", "正在准备模型"),
    "notloaded": (
        "The model could not be fetched. Check the connection and try again.",
        "No se ha podido descargar el modelo. Revisa la conexión y reinténtalo.",
        "无法下载模型。请检查网络连接后再试。",
    ),
    # in place of those of TEXTS
    "privacy": (
        "Your voice does not leave this device, and is not kept. The face is a model’s guess, not a likeness.",
        "Tu voz no sale de este dispositivo y no se guarda. El rostro es una suposición del modelo, no un retrato.",
        "你的声音不会离开这台设备，也不会被保存。这张脸只是模型的猜测，并非真实长相。",
    ),
    "e_large2": (
        "Up to 100 MB can be taken, and only a minute is used: choose a shorter recording.",
        "Se admiten hasta 100 MB y solo se usa un minuto: elige una grabación más corta.",
        "最大 100 MB，而且只使用一分钟，请选择更短的录音。",
    ),
}
