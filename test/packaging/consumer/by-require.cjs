const express = require("express");
const session = require("express-session");
const flow = require("./flow.cjs");

void flow({ express, session, ...require("require2fa") });
