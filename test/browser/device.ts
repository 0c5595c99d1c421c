import type { CDPSession } from "playwright-core";
import type { Visitor } from "./bank.js";

/** A device that asks for a finger, and gets one. */
export class Device {
  readonly #devtools: CDPSession;
  readonly id: string;

  private constructor(devtools: CDPSession, id: string) {
    this.#devtools = devtools;
    this.id = id;
  }

  static async plugIn({ page }: Visitor): Promise<Device> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Device(devtools, authenticatorId);
  }

  async count(): Promise<number | undefined> {
    const { credentials } = await this.#devtools.send("WebAuthn.getCredentials", { authenticatorId: this.id });
    return credentials[0]?.signCount;
  }

  async recognizes(isUserVerified: boolean): Promise<void> {
    await this.#devtools.send("WebAuthn.setUserVerified", { authenticatorId: this.id, isUserVerified });
  }

  /** Whether somebody is there to touch it. */
  async isTouched(enabled: boolean): Promise<void> {
    await this.#devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId: this.id, enabled });
  }

  /** Gone for good, with all that was on it. */
  async unplug(): Promise<void> {
    await this.#devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: this.id });
  }

  /** Still there, but it has forgotten everything. */
  async lose(): Promise<void> {
    await this.#devtools.send("WebAuthn.clearCredentials", { authenticatorId: this.id });
  }
}
