// An identity provider of the tests, by Node's own cryptography: serves discovery and keys on a free port,
// and says on standard output where, with tokens good and bad. Ends when its standard input does.
import crypto from "node:crypto";
import http from "node:http";

const rsa = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });

const secret = crypto.randomBytes(32).toString("hex");
const jwk = (pair, kid, alg, use = "sig") => ({ ...pair.publicKey.export({ format: "jwk" }), kid, alg, use });
// One of them is for encryption, and signs nothing.
const keys = [jwk(rsa, "r", "RS256"), jwk(ec, "e", "ES256"), jwk(stranger, "n", undefined, "enc")];

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const sign = {
  RS256: (text, key) => crypto.sign("sha256", Buffer.from(text), key),
  ES256: (text, key) => crypto.sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }),
  HS256: (text, key) => crypto.createHmac("sha256", key).update(text).digest(),
  none: () => Buffer.alloc(0),
};
const token = (alg, kid, key, claims, more) => {
  const text = `${part({ alg, kid, typ: "JWT", ...more })}.${part(claims)}`;
  return `${text}.${sign[alg](text, key).toString("base64url")}`;
};

const server = http.createServer((request, answer) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const body = request.url === "/keys" ? { keys } : { issuer, jwks_uri: `${issuer}/keys` };
  answer.end(JSON.stringify(body));
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const now = Math.floor(Date.now() / 1000);
  const claims = (more) => ({
    iss: issuer, aud: "medbot", sub: "somebody", iat: now, exp: now + 600,
    medbot: { role: "reviewer", tenant: "00000000-0000-0000-0000-000000000001" }, ...more,
  });
  const by = (more) => token("RS256", "r", rsa.privateKey, claims(more));
  const good = by({});
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
  const medbot = (role, tenant) => ({ medbot: { role, tenant } });
  const own = "00000000-0000-0000-0000-000000000001";
  const shape = (role_claim, tenant_claim, tenant, of) => {
    const made = (roles) => by({ medbot: undefined, [tenant_claim]: tenant, ...of(roles) });
    return {
      role_claim, tenant_claim,
      good: [made(["offline_access", "reviewer", "uma_authorization"]), made("reviewer")],
      forbidden: [made(["reviewer", "admin"]), made(["offline_access"]), made([]), made("Reviewer")],
    };
  };
  console.log(JSON.stringify({
    issuer, secret,
    good: {
      rs256: good,
      es256: token("ES256", "e", ec.privateKey, claims({})),
      list_of_audiences: by({ aud: ["other", "medbot"] }),
    },
    bad: {
      none: token("none", "r", null, claims({})),
      confused: token("HS256", "r", pem, claims({})),
      symmetric: token("HS256", "r", secret, claims({})),
      other_kind: token("ES256", "r", ec.privateKey, claims({})),
      stranger: token("RS256", "r", stranger.privateKey, claims({})),
      unknown_key: token("RS256", "x", rsa.privateKey, claims({})),
      no_key_named: token("RS256", undefined, rsa.privateKey, claims({})),
      for_encryption: token("RS256", "n", stranger.privateKey, claims({})),
      own_key_brought_along: token("RS256", "r", stranger.privateKey, claims({}), { jwk: jwk(stranger, "r", "RS256") }),
      key_at_an_address: token("RS256", "x", stranger.privateKey, claims({}), { jku: `${issuer}/keys` }),
      what_must_be_understood: token("RS256", "r", rsa.privateKey, claims({}), { crit: ["exp"], exp: now + 600 }),
      expired: by({ exp: now - 120 }),
      not_yet: by({ nbf: now + 600 }),
      no_end: by({ exp: undefined }),
      issuer: by({ iss: "https://elsewhere.example.org" }),
      audience: by({ aud: "other" }),
      no_audience: by({ aud: undefined }),
      changed: good.replace(/\.[^.]+\./, `.${part(claims(medbot("admin", own)))}.`),
      cut: good.slice(0, -4),
      no_token: "a.b.c",
      unknown_tenant: by(medbot("reviewer", "00000000-0000-0000-0000-0000000000ff")),
    },
    forbidden: {
      no_role: by({ medbot: { tenant: own } }),
      other_role: by(medbot("owner", own)),
      no_tenant: by({ medbot: { role: "reviewer" } }),
    },
    // As providers shape them: settings, claims that are somebody, and claims that are nobody.
    shapes: {
      keycloak: shape("realm_access.roles", "tenant", own,
        (roles) => ({ realm_access: { roles }, resource_access: { account: { roles: ["admin"] } } })),
      keycloak_client: shape("resource_access.medbot.example.org.roles", "tenant", own,
        (roles) => ({ resource_access: { "medbot.example.org": { roles } } })),
      auth0: shape("https://medbot.example.org/roles", "https://medbot.example.org/tenant", own,
        (roles) => ({ "https://medbot.example.org/roles": roles })),
      entra: shape("roles", "extn.medbot", own, (roles) => ({ roles })),
    },
    hs256: token("HS256", undefined, secret, claims({})),
    // Of one person and another, and of them both later.
    revoked: {
      before: [by({ iat: now - 60 }), by({ iat: now }), by({ iat: undefined })],
      after: by({ iat: now + 300 }),
      other: by({ sub: "somebody else", iat: now - 60 }),
      elsewhere: by({ iat: now - 60, ...medbot("reviewer", "00000000-0000-0000-0000-00000000000a") }),
      // Of one person: two that have an id, and one that has none; and one with the same id in another tenant.
      one: by({ jti: "one" }),
      two: by({ jti: "two" }),
      nameless: by({ iat: now - 30 }),
      same: by({ jti: "one", ...medbot("reviewer", "00000000-0000-0000-0000-00000000000a") }),
      admin: by({ sub: "admin", ...medbot("admin", own) }),
    },
  }));
});
process.stdin.on("end", () => process.exit(0)).resume();
