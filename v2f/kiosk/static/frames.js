/* Loops that ask for the next frame from within a frame get one a second, not sixty. Nothing of ours runs in one;
Gradio's status tracker does for ever, also once it is gone, which costs a twentieth of a core. */
{
  const frame = requestAnimationFrame.bind(window), cancel = cancelAnimationFrame.bind(window);
  const PAUSE_MS = 1000;
  let within = false;
  window.requestAnimationFrame = draw => {
    const run = time => {
      within = true;
      try { draw(time); } finally { within = false; }
    };
    return within ? -setTimeout(() => frame(run), PAUSE_MS) : frame(run);
  };
  window.cancelAnimationFrame = id => id < 0 ? clearTimeout(-id) : cancel(id);
}
