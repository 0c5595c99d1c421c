import { serveVendors } from "./vendors.js";

serveVendors(Number(process.env["PORT"] ?? 3000));
