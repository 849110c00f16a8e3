# Exchanges the ServiceAccount's token for the managed identity's at Microsoft Entra (OAuth 2.0 client credentials with a
# federated credential) and writes that to $SUBJECT_TOKEN_FILE, where the credential configuration looks for it.
# Tokens go through files and the shell's own variables: they are in no process's arguments.
answer=$(curl --silent --show-error --fail-with-body --max-time 30 \
  --data grant_type=client_credentials \
  --data client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  --data-urlencode "client_id=$AZURE_CLIENT_ID" \
  --data-urlencode "client_assertion@$AZURE_FEDERATED_TOKEN_FILE" \
  --data-urlencode "scope=$ENTRA_SCOPE" \
  "$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token") || {
  echo "exchange at Microsoft Entra failed: $answer" >&2
  exit 1
}
# The JSON's access_token: what stands between the quotes after the colon. Any other answer is not repeated, lest it hold a token.
subject=${answer#*'"access_token"'}
[ "$subject" != "$answer" ] || { echo "exchange at Microsoft Entra failed: the answer has no access_token" >&2; exit 1; }
subject=${subject#*:}
subject=${subject#*'"'}
subject=${subject%%'"'*}
[ -n "$subject" ] || { echo "exchange at Microsoft Entra failed: the access_token is empty" >&2; exit 1; }
printf '%s' "$subject" > "$SUBJECT_TOKEN_FILE"
