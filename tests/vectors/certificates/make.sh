#!/usr/bin/env bash
# Makes the certificates of the simulated world anew. Its clock starts at 2030-01-01T00:00:00Z:
# `a` and `b` outlive every test, `short` ends ten minutes after the start, `gone` ended before it.
# Run it by hand; the tests only read what is committed.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index"
cat >"$work/ca.conf" <<CONF
[ca]
default_ca = one
[one]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical,CA:true
[client]
basicConstraints = CA:false
extendedKeyUsage = clientAuth
CONF

make() { # name, section, end
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key.pem"
  openssl req -new -config "$work/ca.conf" -key "$1.key.pem" -subj "/CN=$1" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -selfsign -keyfile "$1.key.pem" \
    -extensions "$2" -in "$work/$1.csr" -startdate 20200101000000Z -enddate "$3" \
    -out "$1.crt.pem" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}
make a client 21200101000000Z
make b client 21200101000000Z
make short client 20300101001000Z
make gone client 20290101000000Z
make roots-a authority 21200101000000Z
make roots-b authority 21200101000000Z
rm roots-a.key.pem roots-b.key.pem
