/** A seat's live connection: one WebSocket that comes back by itself, from where it was. */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const SESSION_ENDED = 1008;

/** @typedef {"connecting" | "open" | "waiting" | "ended"} LiveStatus */

export class Live {
  #seat;
  #onFrame;
  #onStatus;
  #cursor = "";
  #wait = FIRST_WAIT;
  #timer = 0;
  #stopped = false;
  /** @type {WebSocket | null} */
  #socket = null;

  /**
   * @param {string} seat the person's id
   * @param {(frame: any) => void} onFrame
   * @param {(status: LiveStatus, retryAt: number) => void} onStatus `retryAt`: when it is tried again
   */
  constructor(seat, onFrame, onStatus) {
    this.#seat = seat;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
    window.addEventListener("online", this.#now);
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    window.removeEventListener("online", this.#now);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Try again at once instead of at the planned time. */
  retry() {
    this.#now();
  }

  #now = () => {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #connect() {
    const address = new URL("/api/live", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("as", this.#seat);
    if (this.#cursor) address.searchParams.set("cursor", this.#cursor);
    this.#onStatus("connecting", 0);
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      const frame = JSON.parse(event.data);
      if (frame.cursor) this.#cursor = frame.cursor;
      if (frame.type === "snapshot" || frame.type === "resumed") {
        this.#wait = FIRST_WAIT;
        this.#onStatus("open", 0);
      }
      this.#onFrame(frame);
    });
    socket.addEventListener("close", (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (this.#stopped) return;
      if (event.code === SESSION_ENDED) {
        this.#onStatus("ended", 0);
        return;
      }
      this.#onStatus("waiting", Date.now() + this.#wait);
      this.#timer = window.setTimeout(() => this.#connect(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    });
  }
}
