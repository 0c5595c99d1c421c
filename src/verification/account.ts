/** The account of whoever names none: the app itself. No account of a service begins with "#". */
export const OWN_ACCOUNT = "#app";
