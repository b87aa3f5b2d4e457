// An OpenID provider that others wrote, with accounts of a test. Arguments: folder of the packages, port, redirect URI.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, redirect] = process.argv.slice(2);
const require = createRequire(folder + "/");
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

// The login that is typed names the account; its part before the dash names its group.
const account = (context, id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    email: id.includes("@") ? id : `${id}@corp.example`,
    email_verified: !id.startsWith("unproven"),
    name: `Name of ${id}`,
    groups: [id.split("-")[0]],
  }),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "rollcall",
      client_secret: "battery staple horse correct",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  pkce: { required: () => true },
  findAccount: account,
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
// It ends with whoever started it.
process.stdin.on("end", () => process.exit()).resume();
