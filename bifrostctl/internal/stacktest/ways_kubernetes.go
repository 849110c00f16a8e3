package stacktest

// The issuers of the sandbox's clusters that a kubeconfig leads to: one that everybody reaches, and the one that clusters have by
// themselves.
const (
	PublicIssuer  = "https://oidc.example.com/clusters/dev"
	privateIssuer = "https://kubernetes.default.svc.cluster.local"
	// Jwks are keys of an issuer as its owner uploads them.
	Jwks = `{"keys":[{"use":"sig","kty":"RSA","kid":"a1","alg":"RS256","e":"AQAB","n":"` +
		`0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj` +
		`hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ` +
		`vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK` +
		`nqDKgw"}]}`
	// AnyPool and AnyProvider are the vendor's, for a cluster that a kubeconfig leads to.
	AnyPool     = "acme-hub-any-pool"
	AnyProvider = "acme-hub-any-provider"
)

// The ways in which images are pulled on a cluster that a kubeconfig leads to.
var (
	AnyKey        = Way{Name: "any Kubernetes, key", Stack: "local-dev", KeyGiven: true}
	OnOpenShift   = Way{Name: "OpenShift, key", Stack: "local-dev", KeyGiven: true, InFile: []string{"kubernetes.openshift=true"}}
	AnyFederation = Way{
		Name: "any Kubernetes, federation", Stack: "local-dev", InFile: append(issued(PublicIssuer), vendorsConfig),
	}
	AnyUploaded = Way{
		Name: "any Kubernetes, federation, keys uploaded", Stack: "local-dev", InFile: append(uploaded(), vendorsConfig),
	}
	OwnAnyFederation = Way{
		Name: "any Kubernetes, own federation, keys uploaded", Stack: "local-dev",
		InFile: append(uploaded(), append(federation[1:], "protectIdentities=false")...),
	}
)

const vendorsConfig = "gcp.credentialConfig={type: external_account, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', " +
	"audience: //iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/" + AnyPool + "/providers/" + AnyProvider +
	", service_account_impersonation_url: 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
	"acme-hub-pull@bifrost-dist.iam.gserviceaccount.com:generateAccessToken', token_url: 'https://sts.googleapis.com/v1/token', " +
	"credential_source: {file: /var/run/service-account/token, format: {type: text}}}"

func issued(issuer string) []string {
	return []string{"kubernetes.pull=federation", "kubernetes.issuer=" + issuer}
}

func uploaded() []string {
	return append(issued(privateIssuer), "kubernetes.jwks='"+Jwks+"'")
}
