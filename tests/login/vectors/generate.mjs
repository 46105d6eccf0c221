// Makes node.json: a token for each algorithm, signed by Node's OpenSSL, with its public key.
//   node generate.mjs > node.json
// And rsa.pem, the key that ring signs with in the tests:
//   node generate.mjs key > rsa.pem
import { constants, generateKeyPairSync, sign } from "node:crypto";

const claims = {
  iss: "https://login.example", aud: "kubernetes", sub: "anne", nonce: "n-0S6_WzA2Mj",
  iat: 1800000000, exp: 1800003600,
};
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const pss = (bits) => ({
  padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8,
});
const ec = (curve) => () => generateKeyPairSync("ec", { namedCurve: curve });
const raw = { dsaEncoding: "ieee-p1363" };
const algorithms = {
  RS256: [rsa, "sha256", {}], RS384: [rsa, "sha384", {}], RS512: [rsa, "sha512", {}],
  PS256: [rsa, "sha256", pss(256)], PS384: [rsa, "sha384", pss(384)], PS512: [rsa, "sha512", pss(512)],
  ES256: [ec("P-256"), "sha256", raw], ES384: [ec("P-384"), "sha384", raw],
  ES512: [ec("P-521"), "sha512", raw],
  EdDSA: [() => generateKeyPairSync("ed25519"), null, {}],
  Ed25519: [() => generateKeyPairSync("ed25519"), null, {}],
};

if (process.argv[2] === "key") {
  const { privateKey } = rsa();
  process.stdout.write(privateKey.export({ type: "pkcs8", format: "pem" }));
} else {
  const made = Object.entries(algorithms).map(([alg, [pair, hash, options]]) => {
    const { publicKey, privateKey } = pair();
    const message = `${encode({ alg, kid: alg })}.${encode(claims)}`;
    const signature = sign(hash, Buffer.from(message), { key: privateKey, ...options });
    const key = { kid: alg, use: "sig", alg, ...publicKey.export({ format: "jwk" }) };
    return { alg, key, token: `${message}.${signature.toString("base64url")}` };
  });
  // Too short to be trusted.
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const message = `${encode({ alg: "RS256", kid: "short" })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(message), privateKey).toString("base64url");
  const key = { kid: "short", ...publicKey.export({ format: "jwk" }) };
  made.push({ alg: "short", key, token: `${message}.${signature}` });
  console.log(JSON.stringify(made, null, 1));
}
