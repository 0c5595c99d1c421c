export { fakeClock, type FakeClock } from "../../src/testing/clock.js";
