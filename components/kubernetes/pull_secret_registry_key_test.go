package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

func keyArgs() *kubernetes.PullSecretArgs {
	return &kubernetes.PullSecretArgs{
		Namespace: pulumi.String("bifrost"), RegistryHost: "europe-west1-docker.pkg.dev",
		RegistryKey: &kubernetes.RegistryKeyArgs{Key: pulumi.String("{}")},
	}
}

// TestKeyArgs: a key needs no refresher, and no other source of logins.
func TestKeyArgs(t *testing.T) {
	t.Parallel()
	require.Empty(t, keyArgs().Validate(nil))
	for key, change := range map[string]func(*kubernetes.PullSecretArgs){
		"registryKey.key": func(a *kubernetes.PullSecretArgs) { a.RegistryKey.Key = nil },
		"ecr":             func(a *kubernetes.PullSecretArgs) { a.Ecr = &kubernetes.EcrTokenArgs{} },
		"serviceAccount":  func(a *kubernetes.PullSecretArgs) { a.ServiceAccount = "bifrost-pull" },
		"schedule":        func(a *kubernetes.PullSecretArgs) { a.Schedule = "0 * * * *" },
		"kubectlImage":    func(a *kubernetes.PullSecretArgs) { a.KubectlImage = kubernetes.DefaultKubectlImage },
		"networkPolicy":   func(a *kubernetes.PullSecretArgs) { a.NetworkPolicy = &kubernetes.PullSecretNetworkPolicyArgs{} },
		"pods":            func(a *kubernetes.PullSecretArgs) { a.Pods = &kubernetes.PullSecretPodArgs{} },
		"alertRules":      func(a *kubernetes.PullSecretArgs) { a.AlertRules = &kubernetes.PullSecretAlertRulesArgs{} },
		"secretName":      func(a *kubernetes.PullSecretArgs) { a.SecretName = "A_b" },
	} {
		args := keyArgs()
		change(args)
		problems := args.Validate(nil)
		require.Len(t, problems, 1, key)
		require.Equal(t, key, problems[0].Field)
	}
}
