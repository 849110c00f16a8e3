package stacks

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// acceptLogin refuses a kubeconfig that holds a login itself, rather than a command that gets one, before it is in the state: AKS gives one
// for clusters without Entra integration, with the certificate of a user of system:masters (AKS, "Manage local accounts").
func (a *Aks) acceptLogin(kubeconfig []byte) error {
	logins, err := loginsIn(kubeconfig)
	if err != nil {
		return fmt.Errorf("the kubeconfig that Azure gave for AKS cluster %s does not parse", a.ClusterName)
	}
	holds := func(login clientcmd.AuthInfo) bool {
		return len(login.ClientKeyData) > 0 || login.Token != "" || login.Password != ""
	}
	if a.LocalAccount || !slices.ContainsFunc(logins, holds) {
		return nil
	}
	return fmt.Errorf("AKS cluster %[1]s has no Entra integration: the kubeconfig that Azure gives holds a certificate that administers "+
		"the whole cluster and that nobody can take back, and it would be in this stack's state; run `az aks update --resource-group "+
		"%[2]s --name %[1]s --enable-aad --enable-azure-rbac --disable-local-accounts`, or accept it: %[3]s:aks.localAccount: true",
		a.ClusterName, a.ResourceGroup, Project)
}

// administratorsKubeconfig tells of a kubeconfig of the user's own that administers the whole cluster, as far as its certificate says so.
func administratorsKubeconfig(c *Config) string {
	logins, err := loginsIn([]byte(c.Secrets.Kubeconfig))
	if err != nil || !slices.ContainsFunc(logins, ofMasters) {
		return ""
	}
	return "secrets.kubeconfig: its certificate is of the group system:masters, which may do everything in the cluster, whatever RBAC " +
		"says, and nobody can take it back before it expires; give the kubeconfig of a user with the rights that docs/ci.md lists"
}

func loginsIn(kubeconfig []byte) ([]clientcmd.AuthInfo, error) {
	var config clientcmd.Config
	if err := yaml.Unmarshal(kubeconfig, &config); err != nil {
		return nil, errors.New("not YAML")
	}
	var logins []clientcmd.AuthInfo
	for _, named := range config.AuthInfos {
		logins = append(logins, named.AuthInfo)
	}
	return logins, nil
}

// ofMasters: the API server takes the organizations of a certificate's subject for groups (Kubernetes, "Authenticating", X509 client
// certificates).
func ofMasters(login clientcmd.AuthInfo) bool {
	block, _ := pem.Decode(login.ClientCertificateData)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && slices.Contains(certificate.Subject.Organization, "system:masters")
}
