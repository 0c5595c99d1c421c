import express from "express";
import session from "express-session";
import { memoryStore, outbox, require2fa, sms, twoFactor } from "require2fa";
import flow from "./flow.cjs";

await flow({ express, session, twoFactor, require2fa, sms, outbox, memoryStore });
