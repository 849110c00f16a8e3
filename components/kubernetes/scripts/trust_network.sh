# Trusts the network's own authorities beside the public ones, which stay needed for whatever no proxy opens. Each CLI has a variable of its
# own for the file: the AWS CLI, gcloud, curl, and what is written in Go.
if [ -n "${NETWORK_CA_FILE:-}" ]; then
  public=
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "$public" ] && [ -f "$bundle" ]; then public=$bundle; fi
  done
  ca="$HOME/ca.pem"
  cat ${public:+"$public"} "$NETWORK_CA_FILE" > "$ca"
  export AWS_CA_BUNDLE="$ca" CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE="$ca" CURL_CA_BUNDLE="$ca" SSL_CERT_FILE="$ca"
fi
