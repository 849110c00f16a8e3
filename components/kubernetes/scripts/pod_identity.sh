# Without these credentials the CLI would go on to the node's role, and pull with rights that nobody gave the refresher.
[ -n "${AWS_CONTAINER_CREDENTIALS_FULL_URI:-}" ] || {
  echo "EKS Pod Identity has not injected credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI is not set; check the pod identity association of this ServiceAccount and the eks-pod-identity-agent add-on" >&2
  exit 1
}
