package kubelet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
)

const (
	stsAudience = "sts.amazonaws.com"
	// ecrRoleAnnotation names the role that ecr-credential-provider takes with a token of the pod's ServiceAccount (KEP-4412).
	ecrRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"
	dockerConfig      = ".dockerconfigjson"
)

// private tells whether the image's registry asks for a login: Amazon ECR, Google Artifact Registry and, of what lies at hosts of the
// former Container Registry, that whose repository the world has. All other registries are public in the sandbox, as those of the tools'
// images are in life.
func (n *Node) private(image string) bool {
	host, path, _ := strings.Cut(image, "/")
	if _, _, ecr := aws.RegistryOf(host); ecr {
		return true
	}
	project, _, _, id, google := gcp.RepositoryOf(host, path)
	former := host == "gcr.io" || strings.HasSuffix(host, ".gcr.io")
	return google && (!former || n.World.Get(pulumitype.GcpRepository, project, id) != nil)
}

// pull tries the credentials that a kubelet has for an image, one after the other: the logins of the pod's pull Secrets, then the
// node's own. It returns why none was good.
func (n *Node) pull(ctx context.Context, p Pod, image string) []*hop.Refusal {
	refusals := &n.World.Network.Refusals
	refusals.Take()
	host, _, _ := strings.Cut(image, "/")
	for _, reference := range p.Spec.ImagePullSecrets {
		data := n.API.Data(Secret, p.Namespace, reference.Name)
		if data == nil {
			refusals.Add(hop.Refuse(hop.PullSecret, hop.SecretMissing, "Unable to retrieve some image pull secrets (%s)", reference.Name))
			continue
		}
		user, password, found := loginFor(data, host)
		if !found {
			refusals.Add(hop.Refuse(hop.PullSecret, hop.NoCredentials, "%s holds no login for %s", reference.Name, host))
			continue
		}
		if n.note(registry.Pull(ctx, n.World, image, user, password)) == nil {
			refusals.Take()
			return nil
		}
	}
	why := refusals.Take()
	err := n.note(n.pullAsNode(ctx, p, image, host))
	own := refusals.Take()
	switch {
	case err == nil:
		return nil
	case len(why) > 0:
		return why // the pod has pull Secrets: what the node may is beside the point
	case len(own) > 0:
		return own
	}
	return []*hop.Refusal{hop.Refuse(hop.Kubelet, hop.Invalid, "%v", err)}
}

// note records a refusal that no service has recorded.
func (n *Node) note(err error) error {
	var refusal *hop.Refusal
	if errors.As(err, &refusal) {
		n.World.Network.Refusals.Add(refusal)
	}
	return err
}

// pullAsNode pulls as a kubelet does for a pod without a pull Secret. The role in the annotation eks.amazonaws.com/role-arn plays no part
// in it: that one is for the pod's own containers.
func (n *Node) pullAsNode(ctx context.Context, p Pod, image, host string) error {
	_, region, ecr := aws.RegistryOf(host)
	switch {
	case n.Cluster.Cloud == "gke" && !ecr:
		return n.pullAsGoogleNode(ctx, p, image)
	case n.Cluster.Cloud != "eks" || !ecr:
		return hop.Refuse(hop.Kubelet, hop.NoCredentials, "the nodes have no credentials for %s, and the pod names no pull Secret", host)
	}
	_, annotations := n.API.ServiceAccount(p.Namespace, p.serviceAccount())
	if role := annotations[ecrRoleAnnotation]; role != "" {
		return n.pullAsServiceAccount(ctx, p, image, region, role)
	}
	cluster := n.World.AWS[n.Cluster.Account].EKSCluster(n.Cluster.Region, n.Cluster.Name)
	as := aws.As{Hop: hop.Kubelet, Service: "ec2.amazonaws.com"}
	roles := cluster.NodeRoles
	for _, profile := range cluster.Fargate {
		if profile.Namespace == p.Namespace {
			as.Service, roles = "eks-fargate-pods.amazonaws.com", []string{profile.PodExecutionRole}
		}
	}
	if len(roles) == 0 {
		return hop.Refuse(hop.Kubelet, hop.NoCredentials, "the nodes have no role")
	}
	for _, name := range roles { // the pod may land on a node of any
		as.RoleARN = cluster.NodeRoleARN(n.Cluster.Account, name)
		if err := as.Pull(ctx, n.World, image); err != nil {
			if role := annotations["eks.amazonaws.com/role-arn"]; role != "" {
				n.World.Network.Refusals.Add(hop.Refuse(hop.Kubelet, hop.NoCredentials,
					"%s of the ServiceAccount never authenticates a pull; the node's role %s does", role, name))
			}
			return err
		}
	}
	return nil
}

// pullAsServiceAccount is the kubelet's credential provider with a token of the pod's ServiceAccount, which the API server gives to a node
// only where RBAC allows that audience (admission plug-in NodeRestriction, ServiceAccountNodeAudienceRestriction).
func (n *Node) pullAsServiceAccount(ctx context.Context, p Pod, image, region, role string) error {
	cluster := n.World.AWS[n.Cluster.Account].EKSCluster(n.Cluster.Region, n.Cluster.Name)
	if !cluster.CredentialProvider {
		return hop.Refuse(hop.Kubelet, hop.Missing, "the nodes of %s do not configure ecr-credential-provider with ServiceAccount tokens",
			cluster.Name)
	}
	if !n.API.May("system:node:sandbox", []string{"system:nodes", "system:authenticated"}, "request-serviceaccounts-token-audience",
		stsAudience, p.Namespace, p.serviceAccount()) {
		return hop.Refuse(hop.Kubelet, hop.Forbidden, "nodes may not request tokens of %s/%s for audience %s", p.Namespace,
			p.serviceAccount(), stsAudience)
	}
	raw, err := n.token(p, stsAudience, tokenLifetime)
	if err != nil {
		return err
	}
	env := map[string]string{"AWS_REGION": region, "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "token"}
	password, err := aws.LoginPassword(ctx, n.World, env, func(string) ([]byte, error) { return raw, nil })
	if err != nil {
		return err
	}
	return registry.Pull(ctx, n.World, image, "AWS", password)
}

// loginFor takes a registry's login out of a pull Secret. Keys may be URLs.
func loginFor(data map[string][]byte, host string) (user, password string, found bool) {
	var document struct {
		Auths map[string]struct{ Auth, Username, Password string } `json:"auths"`
	}
	if json.Unmarshal(data[dockerConfig], &document) != nil {
		return "", "", false
	}
	for key, login := range document.Auths {
		if of, _, _ := strings.Cut(strings.TrimPrefix(key, "https://"), "/"); of != host {
			continue
		}
		if text, err := base64.StdEncoding.DecodeString(login.Auth); err == nil && login.Auth != "" {
			user, password, found = strings.Cut(string(text), ":")
			return user, password, found
		}
		return login.Username, login.Password, login.Password != ""
	}
	return "", "", false
}
