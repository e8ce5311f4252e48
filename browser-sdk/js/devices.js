// Microphones and loudspeakers: which the page has chosen, and what happens when one is unplugged.

import { canChooseOutput, listDevices } from "./edge.js";
import { fault } from "./faults.js";

export class Devices {
  /** What the page has chosen; none for the system's choice. */
  input;
  output;
  #client;

  constructor(client) { this.#client = client; }

  async #known(kind, id) {
    if (!id) return undefined;
    if ((await listDevices()).some((device) => device.kind === kind && device.id === id)) return id;
    throw fault("device.not_found");
  }

  /** Speaks into this microphone from now on, in calls that are up too; without an id into the system's own choice. */
  async setInput(id) {
    const known = await this.#known("input", id);
    const former = this.input;
    this.input = known;
    for (const line of this.#client.withSound) {
      await line.changeMicrophone().catch((thrown) => {
        this.input = former;
        throw thrown;
      });
    }
  }

  /** Plays on this loudspeaker from now on, in calls that are up too; without an id on the system's own choice. */
  async setOutput(id) {
    if (!canChooseOutput()) {
      if (id === undefined) return;
      throw fault("device.output_fixed");
    }
    const known = await this.#known("output", id);
    for (const { media } of this.#client.withSound) await media.playOn(known ?? "").catch(() => { throw fault("device.not_found"); });
    this.output = known;
  }

  /**
   * Some device came or went. What the page had chosen and is gone is chosen no more; `unplugged` names what a call was using.
   */
  async onChange(unplugged) {
    const devices = await listDevices().catch(() => undefined);
    if (!devices) return;
    const isGone = (kind, id) => id !== undefined && !devices.some((device) => device.kind === kind && device.id === id);
    const lost = unplugged ? [unplugged] : [];
    if (isGone("input", this.input)) {
      this.input = undefined;
      if (!unplugged) lost.push("input");
    }
    if (isGone("output", this.output)) {
      this.output = undefined;
      for (const { media } of this.#client.withSound) media.playOn("").catch(() => {});
      lost.push("output");
    }
    this.#client.events.emitLive("devicechange", { devices, lost });
  }
}
