#!/usr/bin/env bash
# Makes the secrets of a deployed desk, each a file that only its programs read; those that are there
# stay as they are: bash deployments/make_secrets.sh FOLDER [HOST of PostgreSQL] [HOST of Redis]
# The hosts are names in compose.yaml; for systemd's units both are 127.0.0.1.
set -euo pipefail
umask 077

folder=${1:?usage: make_secrets.sh FOLDER [HOST of PostgreSQL] [HOST of Redis]}
postgres=${2:-postgres}
redis=${3:-redis}
user=10001 # of the containers; see Dockerfile

# A name and, on standard input, its content.
secret() {
    if [ ! -e "$folder/$1" ]; then
        cat >"$folder/.$1.new"
        mv "$folder/.$1.new" "$folder/$1"
    fi
    chmod 0400 "$folder/$1"
    if [ "$(id -u)" = 0 ]; then chown "$user:$user" "$folder/$1"; fi
}

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(24))'; }

mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then chown "$user:$user" "$folder"; fi
random | secret postgres-password
random | secret redis-password
printf 'kimp:%s\n' "$(random)" | secret prefect-auth
random | secret KIMP_KEYS_PASSPHRASE
printf 'postgresql+asyncpg://kimp:%s@%s:5432/prefect\n' "$(cat "$folder/postgres-password")" "$postgres" |
    secret KIMP_PREFECT_DATABASE_URL
printf 'redis://:%s@%s:6379/0\n' "$(cat "$folder/redis-password")" "$redis" |
    secret PREFECT_REDIS_MESSAGING_URL
