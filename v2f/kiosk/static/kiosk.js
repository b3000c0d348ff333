/* Starts the kiosk in the component that page.py lays out: a server, a session on it, a view, a controller. */
import { Controller } from "./controller.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { View } from "./view.js";

export function start({ element, server: functions, upload, config, needRecorder }) {
  const server = new Server(functions, upload);
  const session = new Session(server);
  const view = new View(element.querySelector(".booth"), config, session);
  new Controller({ view, session, server, config, needRecorder });
  import("./games.js").then(({ addGames }) => addGames(view, session, server, config));   // not before there is a result
}
