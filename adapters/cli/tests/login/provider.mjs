// An OpenID provider on loopback with TLS, for whole logins: by its own pages in a browser, or by
// the device flow. Prints one line of JSON with its issuer, then one for each token that it grants.
//
//   node --input-type=module -e "$(cat provider.mjs)" FOLDER SECONDS
//
// FOLDER has tls.crt and tls.key; ID tokens live for SECONDS.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const [folder, seconds] = process.argv.slice(-2);
const server = createServer({
  cert: readFileSync(`${folder}/tls.crt`),
  key: readFileSync(`${folder}/tls.key`),
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `https://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "kube",
      application_type: "native",
      token_endpoint_auth_method: "none",
      redirect_uris: [
        "http://127.0.0.1/callback",
        "http://localhost",
        "http://localhost/",
        "http://localhost/callback",
      ],
      grant_types: [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
      ],
    },
  ],
  features: {
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      name: `${accountId} <b>Svensson</b>`,
      email: `${accountId}@example.com`,
      groups: ["dev"],
    }),
  }),
  claims: { openid: ["sub", "groups"], profile: ["name"], email: ["email"] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(16).toString("hex")] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    IdToken: Number(seconds),
    AccessToken: Number(seconds),
    RefreshToken: 3600,
    Grant: 3600,
    Session: 3600,
    Interaction: 600,
    DeviceCode: 600,
  },
});
server.on("request", provider.callback());
const say = (line) => console.log(JSON.stringify(line));
provider.on("grant.success", (ctx) => say({ grant: ctx.oidc.params.grant_type }));
provider.on("grant.revoked", () => say({ revoked: true }));
provider.on("grant.error", (ctx, error) => say({ refused: error.error_description ?? error.message }));
provider.on("server_error", (_, error) => console.error(error));
say({ issuer });

// Ends with whoever started it.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
