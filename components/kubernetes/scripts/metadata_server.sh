# Waits until the metadata server of the node knows this pod, which takes seconds after the pod has begun. gcloud would ask once, and then
# remember that there is none. An answer that is refused is no token, and says why; one that is given is not repeated.
metadata="http://${GCE_METADATA_ROOT:-metadata.google.internal}/computeMetadata/v1/instance/service-accounts/default/token"
tries=${METADATA_TRIES:-30}
until answer=$(curl --silent --show-error --fail-with-body --noproxy '*' --max-time 5 --header 'Metadata-Flavor: Google' "$metadata" 2>&1); do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "GKE's metadata server gave no token: $answer" >&2; exit 1; }
  sleep "${METADATA_WAIT_SECONDS:-2}"
done
answer=
