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

# A name and its content. Nothing here is an argument of a program, which everyone could read.
secret() {
    if [ ! -e "$folder/$1" ]; then
        printf '%s\n' "$2" >"$folder/.$1.new"
        mv "$folder/.$1.new" "$folder/$1"
    fi
    chmod 0400 "$folder/$1"
    if [ "$(id -u)" = 0 ]; then chown "$user:$user" "$folder/$1"; fi
}

random() { python3 -c 'import secrets; print(secrets.token_urlsafe(24))'; }

mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then chown "$user:$user" "$folder"; fi
secret postgres-password "$(random)"
secret redis-password "$(random)"
secret prefect-auth "kimp:$(random)"
secret KIMP_KEYS_PASSPHRASE "$(random)"
password=$(<"$folder/postgres-password")
secret KIMP_PREFECT_DATABASE_URL "postgresql+asyncpg://kimp:$password@$postgres:5432/prefect"
password=$(<"$folder/redis-password")
secret PREFECT_REDIS_MESSAGING_URL "redis://:$password@$redis:6379/0"
