package kubelet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/judge/rbac"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
)

// kubectl signs in as the pod's ServiceAccount and asks the API server, as far as refreshers do: a server-side apply of a Secret, delete
// secret, create secret docker-registry.
func (c *container) kubectl(ctx context.Context, call call) error {
	user, err := c.signIn(ctx)
	if err != nil {
		return call.fail(1, "error: %v", err)
	}
	switch words := strings.Join(call.args, " "); {
	case strings.HasPrefix(words, "kubectl apply"):
		return c.apply(call, user)
	case strings.HasPrefix(words, "kubectl delete secret "):
		return c.deleteSecret(call, user)
	case strings.HasPrefix(words, "kubectl create secret docker-registry "):
		return c.createSecret(call, user)
	}
	c.refuse(hop.Unsupported, "kubectl %s", strings.Join(call.args[1:], " "))
	return call.fail(1, "error: not modelled")
}

// serviceAccountUser is a signed-in ServiceAccount.
type serviceAccountUser struct {
	name      string
	groups    []string
	namespace string
}

// signIn reads the token where client-go does; its audience must be the API server's.
func (c *container) signIn(ctx context.Context) (serviceAccountUser, error) {
	n := c.node
	raw, err := c.tree.Read(serviceAccountDir + "/token")
	if err != nil {
		c.node.World.Network.Refusals.Add(hop.Refuse(hop.APIServer, hop.NoCredentials, "the container has no token at %s",
			serviceAccountDir))
		return serviceAccountUser{}, fmt.Errorf("the connection to the server localhost:8080 was refused - did you specify the right " +
			"host or port?")
	}
	keys, err := mint.Keys(n.World.World, n.Cluster.Issuer) // its own: whether others reach its issuer is beside the point
	if err != nil {
		return serviceAccountUser{}, err
	}
	claims, err := token.Verifier{Now: n.World.Now}.VerifyWith(ctx, keys, n.Cluster.Issuer, string(raw))
	if err != nil || !slices.Contains(claims["aud"].([]any), any(n.Cluster.Issuer)) {
		n.World.Network.Refusals.Add(hop.Refuse(hop.APIServer, hop.AudienceMismatch, "the token's audience is %v, the API server's is %s",
			claims["aud"], n.Cluster.Issuer))
		return serviceAccountUser{}, fmt.Errorf("you must be logged in to the server (Unauthorized)")
	}
	subject := strings.Split(fmt.Sprint(claims["sub"]), ":")
	user := rbac.ServiceAccount(subject[2], subject[3])
	return serviceAccountUser{user.GetName(), user.GetGroups(), subject[2]}, nil
}

// may asks RBAC for a right on Secrets; a refusal is in the API server's words.
func (c *container) may(user serviceAccountUser, verb, namespace, name string) error {
	if c.node.API.May(user.name, user.groups, verb, "secrets", namespace, name) {
		return nil
	}
	c.node.World.Network.Refusals.Add(hop.Refuse(hop.APIServer, hop.Forbidden, "%s may not %s secret %s/%s", user.name, verb, namespace,
		name))
	object := "secrets"
	if name != "" {
		object = fmt.Sprintf("secrets %q", name)
	}
	//lint:ignore ST1005 the words are not ours
	return fmt.Errorf("Error from server (Forbidden): %s is forbidden: User %q cannot %s resource \"secrets\" in API group \"\" in the "+
		"namespace %q", object, user.name, verb, namespace)
}

// apply is a server-side apply: it needs patch on the Secret, and create, by name, where there is none.
func (c *container) apply(call call, user serviceAccountUser) error {
	manifest, err := c.tree.Read(call.flag("--filename", "-f"))
	if err != nil {
		return call.fail(1, "error: the path %q does not exist", call.flag("--filename", "-f"))
	}
	var object struct {
		Kind     string
		Metadata struct{ Name, Namespace string }
	}
	if err := json.Unmarshal(manifest, &object); err != nil || object.Kind != "Secret" {
		return call.fail(1, "error: unable to decode %q", call.flag("--filename", "-f"))
	}
	namespace := object.Metadata.Namespace
	if namespace == "" {
		namespace = user.namespace
	}
	verbs := []string{"patch"}
	if !call.has("--server-side") {
		verbs = []string{"get", "patch"}
	}
	if c.node.API.Data(Secret, namespace, object.Metadata.Name) == nil {
		verbs = append(verbs, "create")
	}
	for _, verb := range verbs {
		if err := c.may(user, verb, namespace, object.Metadata.Name); err != nil {
			return call.fail(1, "%v", err)
		}
	}
	if err := c.node.API.ApplySecret(manifest); err != nil {
		return call.fail(1, "%v", err)
	}
	return nil
}

func (c *container) deleteSecret(call call, user serviceAccountUser) error {
	name, namespace := call.args[3], call.flag("--namespace", "-n")
	if namespace == "" {
		namespace = user.namespace
	}
	if err := c.may(user, "delete", namespace, name); err != nil {
		return call.fail(1, "%v", err)
	}
	if !c.node.API.DeleteSecret(namespace, name) && !call.has("--ignore-not-found") {
		return call.fail(1, "Error from server (NotFound): secrets %q not found", name)
	}
	return nil
}

// createSecret posts a Secret: RBAC is asked without a name, since a POST names none.
func (c *container) createSecret(call call, user serviceAccountUser) error {
	name, namespace := call.args[4], call.flag("--namespace", "-n")
	if namespace == "" {
		namespace = user.namespace
	}
	if err := c.may(user, "create", namespace, ""); err != nil {
		return call.fail(1, "%v", err)
	}
	if c.node.API.Data(Secret, namespace, name) != nil {
		return call.fail(1, "error: failed to create secret secrets %q already exists", name)
	}
	login := map[string]string{"username": call.flag("--docker-username"), "password": call.flag("--docker-password")}
	login["auth"] = base64.StdEncoding.EncodeToString([]byte(login["username"] + ":" + login["password"]))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{call.flag("--docker-server"): login}})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
		"metadata": map[string]any{"name": name, "namespace": namespace},
		"data":     map[string]any{".dockerconfigjson": config},
	})
	if err != nil {
		return err
	}
	if err := c.node.API.ApplySecret(manifest); err != nil {
		return call.fail(1, "%v", err)
	}
	return nil
}
