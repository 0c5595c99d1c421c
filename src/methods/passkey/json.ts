// What goes to the browser and into `navigator.credentials`, byte strings as base64url (WebAuthn Level 3, section 5.1).
// Types of our own: nobody needs the DOM, or a package that is optional, to compile against them. What the DOM takes as a
// list must be one that could be changed.

/** One credential, and how its authenticator can be reached. */
export interface PasskeyDescriptor {
  readonly id: string;
  readonly type: "public-key";
  readonly transports?: string[];
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()`: what a passkey is asked. */
export interface PasskeyRequest {
  readonly challenge: string;
  readonly rpId: string;
  /** This person's passkeys. */
  readonly allowCredentials: PasskeyDescriptor[];
  readonly userVerification: "required";
  /** Milliseconds. */
  readonly timeout: number;
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()`: what a new passkey is to be like. */
export interface PasskeyCreation {
  readonly rp: { readonly id: string; readonly name: string };
  /** `id` says nothing about the user; the same for all passkeys of a person. */
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: { readonly type: "public-key"; readonly alg: number }[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly excludeCredentials: PasskeyDescriptor[];
  readonly authenticatorSelection: {
    readonly residentKey: "preferred";
    readonly requireResidentKey: false;
    readonly userVerification: "required";
  };
  readonly attestation: "none";
}
