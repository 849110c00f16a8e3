package world

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"bifrost/internal/partition"
)

// Partition returns the AWS partition of a region.
func Partition(region string) string { return partition.Of(region).Name }

// DNSSuffix returns the domain of a partition's service endpoints.
func DNSSuffix(name string) string { return partition.Named(name).DnsSuffix }

// RegistrySuffixes are the domains of all registries of ECR: of those that answer over IPv4 alone, or over IPv6, too.
func RegistrySuffixes() (v4, dualStack []string) {
	for _, p := range partition.All() {
		v4, dualStack = append(v4, p.DnsSuffix), append(dualStack, p.Registries())
	}
	slices.Sort(v4)
	slices.Sort(dualStack)
	return slices.Compact(v4), slices.Compact(dualStack)
}

// Hex returns n (at most 64) hexadecimal digits that depend on the parts alone.
func Hex(n int, parts ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprintln(parts...)))
	return hex.EncodeToString(sum[:])[:n]
}

// GUID returns a GUID that depends on the parts alone.
func GUID(parts ...any) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(fmt.Sprintln(parts...))).String()
}

// Issuer returns the URL of the cluster's OIDC issuer, without a trailing slash.
func (c EKSCluster) Issuer(account string) string {
	if c.API != nil {
		return c.API.Issuer
	}
	return fmt.Sprintf("https://oidc.eks.%s.%s/id/%s", c.Region, DNSSuffix(Partition(c.Region)), c.hash(account))
}

// Endpoint returns the URL of the cluster's API server.
func (c EKSCluster) Endpoint(account string) string {
	if c.API != nil {
		return c.API.Server
	}
	return fmt.Sprintf("https://%s.gr7.%s.eks.%s", c.hash(account), c.Region, DNSSuffix(Partition(c.Region)))
}

// ARN returns the cluster's ARN.
func (c EKSCluster) ARN(account string) string {
	return fmt.Sprintf("arn:%s:eks:%s:%s:cluster/%s", Partition(c.Region), c.Region, account, c.Name)
}

// NodeRoleARN returns the ARN of a role of the cluster's nodes.
func (c EKSCluster) NodeRoleARN(account, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", Partition(c.Region), account, name)
}

func (c EKSCluster) hash(account string) string {
	return strings.ToUpper(Hex(32, "eks", account, c.Region, c.Name))
}

func (c EKSCluster) cluster(account string) *Cluster {
	return &Cluster{Server: c.Endpoint(account), CA: c.API.authority(c.Endpoint(account)), Name: c.Name, Cloud: "eks", Account: account,
		Region: c.Region, Issuer: c.Issuer(account)}
}

// ARN returns the cluster's ARN.
func (c ECSCluster) ARN(account string) string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:cluster/%s", Partition(c.Region), c.Region, account, c.Name)
}

// Issuer returns the URL of the cluster's OIDC issuer, with the trailing slash that Azure gives it; empty when the
// issuer is off. That of a real API server is as the server writes it.
func (c AKSCluster) Issuer(tenant string) string {
	if !c.OIDCIssuer {
		return ""
	}
	if c.API != nil {
		return c.API.Issuer
	}
	return fmt.Sprintf("https://%s.oic.prod-aks.azure.com/%s/%s/", c.Location, tenant, GUID("aks issuer", tenant, c.ResourceGroup, c.Name))
}

// Endpoint returns the URL of the cluster's API server.
func (c AKSCluster) Endpoint(tenant string) string {
	if c.API != nil {
		return c.API.Server
	}
	return "https://" + c.FQDN(tenant) + ":443"
}

// FQDN returns the host name by which Azure knows the cluster's API server.
func (c AKSCluster) FQDN(tenant string) string {
	return fmt.Sprintf("%s-%s.hcp.%s.azmk8s.io", c.Name, Hex(8, "aks", tenant, c.ResourceGroup, c.Name), c.Location)
}

func (c AKSCluster) cluster(tenant string) *Cluster {
	return &Cluster{Server: c.Endpoint(tenant), CA: c.API.authority(c.Endpoint(tenant)), Name: c.Name, Cloud: "aks", Account: tenant,
		Issuer: c.Issuer(tenant)}
}

// authority returns the PEM text of the certificate authority of a cluster's server.
func (a *APIServer) authority(server string) string {
	if a != nil {
		return a.CA
	}
	return authority(server)
}

// authority returns the PEM text of a self-signed certificate that depends on the server alone: Ed25519 signatures have
// no random part.
func authority(server string) string {
	seed := sha256.Sum256([]byte("certificate authority of " + server))
	key := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2055, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err) // the template is fixed: this cannot depend on the sandbox's user
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
