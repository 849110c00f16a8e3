# Reads the registry token from $token and writes the pull Secret's manifest to $MANIFEST.
# printf is the shell's own, so the token is in no process's arguments.
[ -n "$token" ] || { echo "no token was issued" >&2; exit 1; }
auth=$(printf '%s:%s' "$REGISTRY_USER" "$token" | base64 -w0)
config=$(printf '{"auths":{"%s":{"username":"%s","password":"%s","auth":"%s"}}}' \
  "$REGISTRY_HOST" "$REGISTRY_USER" "$token" "$auth" | base64 -w0)
printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","namespace":"%s"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"%s"}}' \
  "$SECRET_NAME" "$SECRET_NAMESPACE" "$config" > "$MANIFEST"
echo "token for $REGISTRY_HOST written"
