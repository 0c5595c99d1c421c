// Loaded before a program under test: whatever port it asks for, it gets a free one on loopback, and says which.
import net from "node:net";

const listen = Reflect.get(net.Server.prototype, "listen");

Reflect.set(net.Server.prototype, "listen", function listenOnFreePort(...args) {
  const callback = args.find((each) => typeof each === "function");
  this.once("listening", () => process.send?.({ port: this.address().port }));
  return Reflect.apply(listen, this, [0, "127.0.0.1", callback]);
});

process.channel?.unref();
