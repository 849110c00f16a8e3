package sandbox

import (
	"cmp"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/stacks"
)

// seedNamed makes the account's own policies exist that the stack file names, and the certificate of its Ingress.
func seedNamed(w *cloud.World, file *stacks.Config, account string) {
	on := orEmpty(file.Aws)
	own := func(arn string) bool { return strings.Contains(arn, ":iam::"+account+":policy/") }
	for _, arn := range orEmpty(file.Eks).GatewayPolicyArns {
		if own(arn) {
			w.SeedPolicy(account, arn)
		}
	}
	if own(on.PermissionsBoundary) {
		w.SeedBoundary(account, on.PermissionsBoundary)
	}
	if arn := orEmpty(file.Gateway.Ingress).CertificateArn; arn != "" {
		w.SeedCertificate(world.Network{Account: account, Region: cmp.Or(on.Region, defaultRegion)}, arn)
	}
}
