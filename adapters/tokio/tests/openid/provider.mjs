// An OpenID provider on loopback with TLS, and one login to it, by the same requests as a browser
// would make. Prints one line of JSON: who it is, and the tokens of that login.
//
//   node --input-type=module -e "$(cat provider.mjs)" FOLDER METHOD
//                                       from where this file is
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const [folder, method] = process.argv.slice(-2);
const client = { id: "kube", secret: "a secret of the client: +/=&%" };
const redirect = "https://127.0.0.1/done";

const server = createServer({
  cert: readFileSync(`${folder}/tls.crt`),
  key: readFileSync(`${folder}/tls.key`),
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `https://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client.id,
      client_secret: method === "none" ? undefined : client.secret,
      token_endpoint_auth_method: method,
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token"],
    },
  ],
  // No two id-tokens are alike, even of the same second.
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, turn: randomBytes(8).toString("hex") }),
  }),
  claims: { openid: ["sub", "turn"] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(16).toString("hex")] },
  issueRefreshToken: async () => true,
  // A refresh token is good for one refresh; one that is presented again ends the whole login.
  rotateRefreshToken: true,
  ttl: { IdToken: 3600, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600 },
});
server.on("request", provider.callback());

console.log(JSON.stringify({ issuer, client, tokens: await login() }));

// Ends with whoever started it.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

async function login() {
  const jar = new Map();
  const browse = async (url, form) => {
    const response = await fetch(new URL(url, issuer), {
      method: form ? "POST" : "GET",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      body: form && new URLSearchParams(form),
      redirect: "manual",
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      jar.set(name, value);
    }
    return response;
  };
  const verifier = randomBytes(32).toString("base64url");
  const question = new URLSearchParams({
    client_id: client.id,
    response_type: "code",
    scope: "openid offline_access",
    prompt: "consent",
    redirect_uri: redirect,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  let url = `/auth?${question}`;
  for (let steps = 0; steps < 20; steps += 1) {
    const response = await browse(url);
    if (response.status === 200) {
      // A page that asks for a name and a password, then one that asks for consent.
      const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())[1];
      url = (await browse(url, { prompt, login: "jane", password: "x" })).headers.get("location");
    } else {
      url = response.headers.get("location");
    }
    if (url === null) throw new Error(`the login ends with status ${response.status}`);
    if (url.startsWith(redirect)) return redeem(new URL(url).searchParams.get("code"), verifier);
  }
  throw new Error("the login goes round in circles");
}

async function redeem(code, code_verifier) {
  const form = { grant_type: "authorization_code", code, code_verifier, redirect_uri: redirect };
  const headers = {};
  if (method === "client_secret_basic") {
    const pair = [client.id, client.secret].map(encodeURIComponent).join(":");
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else {
    form.client_id = client.id;
    if (method === "client_secret_post") form.client_secret = client.secret;
  }
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
  });
  const tokens = await response.json();
  if (!tokens.refresh_token) throw new Error(JSON.stringify(tokens));
  return tokens;
}
