package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// matrixAgent marks the questions of the tests in the audit log, apart from what the refresher's own commands asked.
const matrixAgent = "bifrost-e2e-matrix"

// as signs in as a ServiceAccount, with a token of its own.
func (s *site) as(t *testing.T, namespace, account string) (kubernetes.Interface, *rest.Config) {
	t.Helper()
	token, err := s.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	config := s.plane.WithToken(token.Status.Token)
	config.UserAgent = matrixAgent
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return client, config
}

// verbs are all that RBAC knows: of requests, and of its own checks.
var verbs = []string{
	"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
	"impersonate", "bind", "escalate", "approve", "sign", "use", "request-serviceaccounts-token-audience",
}

// rights asks the API server for everything that a ServiceAccount may do: every verb on every resource and subresource, in the
// stack's namespace, in others and in none, on any name and on those of the secrets that matter.
func rights(t *testing.T, s *site, account kubernetes.Interface, secrets []string) (granted map[string]bool, asked int) {
	t.Helper()
	_, lists, err := s.client.Discovery().ServerGroupsAndResources()
	require.NoError(t, err)
	var questions []authorizationv1.ResourceAttributes
	ask := func(a authorizationv1.ResourceAttributes) {
		for _, verb := range verbs {
			a.Verb = verb
			questions = append(questions, a)
		}
	}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(t, err)
		for _, r := range list.APIResources {
			name, sub, _ := strings.Cut(r.Name, "/")
			places := []string{""}
			if r.Namespaced {
				places = []string{namespace, "default", "kube-system"}
			}
			for _, place := range places {
				a := authorizationv1.ResourceAttributes{Group: version.Group, Version: version.Version, Resource: name, Subresource: sub, Namespace: place}
				ask(a)
				if name == "secrets" {
					for _, a.Name = range secrets {
						ask(a)
					}
				}
			}
		}
	}
	allowed := make([]bool, len(questions))
	asking, ctx := errgroup.WithContext(t.Context())
	asking.SetLimit(16)
	for i := range questions {
		asking.Go(func() error {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &questions[i]}}
			answer, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			if err != nil {
				return err
			}
			allowed[i] = answer.Status.Allowed
			return nil
		})
	}
	require.NoError(t, asking.Wait())
	granted = map[string]bool{}
	for i, q := range questions {
		if allowed[i] {
			granted[right(q)] = true
		}
	}
	require.Greater(t, len(questions), 3000, "all of the API was asked about")
	return granted, len(questions)
}

func right(q authorizationv1.ResourceAttributes) string {
	resource := schema.GroupResource{Group: q.Group, Resource: q.Resource}.String()
	if q.Subresource != "" {
		resource += "/" + q.Subresource
	}
	if q.Name != "" {
		resource += " " + q.Name
	}
	return strings.TrimSpace(q.Verb + " " + resource + " " + q.Namespace)
}

// testRights: the refresher may create and patch the one Secret and nothing else, the gateway find its own pods, beyond what every
// ServiceAccount of every cluster may: asked with their own tokens.
func testRights(t *testing.T, s *site, l *login) {
	_, err := s.client.CoreV1().ServiceAccounts("default").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "anybody"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	defer func() {
		require.NoError(t, s.client.CoreV1().ServiceAccounts("default").Delete(context.Background(), "anybody", metav1.DeleteOptions{}))
	}()
	secrets := []string{l.secret, "bifrost-config", "another"}
	anybody, _ := s.as(t, "default", "anybody")
	everyone, asked := rights(t, s, anybody, secrets)
	table := fmt.Sprintf("%d questions each: %d verbs, on every resource and subresource, in %s, default, kube-system and in no namespace; secrets also by name\n", asked, len(verbs), namespace)
	table += fmt.Sprintf("%-16s may %s\n", "everybody", strings.Join(slices.Sorted(maps.Keys(everyone)), ", "))
	for _, row := range []struct {
		account string
		want    []string
	}{
		{refresherSA, []string{"create secrets " + l.secret + " " + namespace, "patch secrets " + l.secret + " " + namespace}},
		{gatewaySA, []string{"get pods " + namespace, "list pods " + namespace, "watch pods " + namespace}},
		{"default", nil},
	} {
		client, _ := s.as(t, namespace, row.account)
		own, _ := rights(t, s, client, secrets)
		maps.DeleteFunc(own, func(right string, _ bool) bool { return everyone[right] })
		granted := slices.Sorted(maps.Keys(own))
		require.Equal(t, row.want, granted, "%s", row.account)
		table += fmt.Sprintf("%-16s may also %s\n", row.account, cmp.Or(strings.Join(granted, ", "), "nothing"))
	}
	report.add("Rights on the real API server, "+s.stack, table)
}

// testAudit: what the stack's pods really asked of the API server, in all runs so far.
func testAudit(t *testing.T, s *site, l *login) {
	events, err := s.plane.Audit()
	require.NoError(t, err)
	const accounts = "system:serviceaccount:" + namespace + ":"
	asked := map[string]map[string]int{}
	for _, e := range events {
		account, ours := strings.CutPrefix(e.User.Username, accounts)
		if e.UserAgent == matrixAgent || !ours {
			continue
		}
		if asked[account] == nil {
			asked[account] = map[string]int{}
		}
		if e.ObjectRef == nil {
			require.Equal(t, "get", e.Verb, "%s", e.RequestURI)
			asked[account]["discovery"]++
			continue
		}
		require.Empty(t, e.ObjectRef.Subresource)
		asked[account][strings.Join([]string{e.Verb, e.ObjectRef.Resource, e.ObjectRef.Namespace + "/" + e.ObjectRef.Name}, " ")]++
	}
	patch := "patch secrets " + namespace + "/" + l.secret
	require.Positive(t, asked[refresherSA][patch])
	allowed := map[string][]string{
		refresherSA: {"discovery", patch},
		gatewaySA:   {"list pods " + namespace + "/", "watch pods " + namespace + "/"}, // the members of its cluster
	}
	text := ""
	for account, requests := range asked {
		for request, n := range requests {
			require.Contains(t, allowed[account], request, "%s", account)
			text += fmt.Sprintf("%-16s %s: %d times\n", account, request, n)
		}
	}
	report.add("What the pods asked of the API server, "+s.stack+" (audit log)", text)
}

// testEscalation: with the recipe's Role a ServiceAccount becomes another one; with ours it does not.
func testEscalation(t *testing.T, s *site, l *login) {
	ctx := t.Context()
	const place, powerful, puller = "recipe", "powerful", "bifrost-sa"
	s.space(t, place)
	for _, account := range []string{powerful, puller} {
		_, err := s.client.CoreV1().ServiceAccounts(place).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	grant(t, s, place, powerful, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}})
	grant(t, s, place, puller, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "create", "delete"}})

	recipe, _ := s.as(t, place, puller)
	_, err := recipe.CoreV1().Pods(place).List(ctx, metav1.ListOptions{})
	require.ErrorContains(t, err, "forbidden")
	stolen := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "stolen", Annotations: map[string]string{corev1.ServiceAccountNameKey: powerful}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}
	_, err = recipe.CoreV1().Secrets(place).Create(ctx, stolen, metav1.CreateOptions{})
	require.NoError(t, err)
	var token string
	eventually(t, "the token of the other ServiceAccount", func(ctx context.Context) error {
		secret, err := recipe.CoreV1().Secrets(place).Get(ctx, stolen.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if token = string(secret.Data[corev1.ServiceAccountTokenKey]); token == "" {
			return fmt.Errorf("not there yet")
		}
		return nil
	})
	other, err := kubernetes.NewForConfig(s.plane.WithToken(token))
	require.NoError(t, err)
	_, err = other.CoreV1().Pods(place).List(ctx, metav1.ListOptions{})
	require.NoError(t, err, "it has become the powerful one")

	ours, _ := s.as(t, namespace, refresherSA)
	stolen.Annotations[corev1.ServiceAccountNameKey] = gatewaySA
	_, err = ours.CoreV1().Secrets(namespace).Create(ctx, stolen, metav1.CreateOptions{})
	require.ErrorContains(t, err, `cannot create resource "secrets"`)
	applied := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"stolen","annotations":{"` + corev1.ServiceAccountNameKey + `":"` + gatewaySA + `"}},"type":"` + string(corev1.SecretTypeServiceAccountToken) + `"}`
	force := true
	_, err = ours.CoreV1().Secrets(namespace).Patch(ctx, "stolen", types.ApplyPatchType, []byte(applied), metav1.PatchOptions{FieldManager: "thief", Force: &force})
	require.ErrorContains(t, err, `cannot patch resource "secrets"`)
	// Nor does the one Secret that it may write become such a token: the type of a Secret cannot change.
	applied = strings.Replace(applied, `"stolen"`, `"`+l.secret+`"`, 1)
	_, err = ours.CoreV1().Secrets(namespace).Patch(ctx, l.secret, types.ApplyPatchType, []byte(applied), metav1.PatchOptions{FieldManager: "thief", Force: &force})
	require.ErrorContains(t, err, "field is immutable")
	_, err = ours.CoreV1().Secrets(namespace).Get(ctx, l.secret, metav1.GetOptions{})
	require.ErrorContains(t, err, `cannot get resource "secrets"`)
	require.ErrorContains(t, ours.CoreV1().Secrets(namespace).Delete(ctx, l.secret, metav1.DeleteOptions{}), `cannot delete resource "secrets"`)
}

// nodeToken asks, as a gateway pod's node, for a token of the pod's ServiceAccount, as the kubelet does for a credential provider.
func nodeToken(t *testing.T, s *site, audience string) error {
	t.Helper()
	pods, err := s.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + gateway})
	require.NoError(t, err)
	require.NotEmpty(t, pods.Items)
	config, err := clientcmd.BuildConfigFromFlags("", s.plane.KubeconfigOf("system:node:"+pods.Items[0].Spec.NodeName))
	require.NoError(t, err)
	kubelet, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	_, err = kubelet.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), gatewaySA, &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences:      []string{audience},
		BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pods.Items[0].Name, UID: pods.Items[0].UID},
	}}, metav1.CreateOptions{})
	return err
}

// nodesGetTokenForECR: with eks.pull: kubelet the nodes may have tokens of the gateway's ServiceAccount for AWS, and for nobody else
// (admission plug-in NodeRestriction).
func nodesGetTokenForECR(t *testing.T, s *site) {
	require.NoError(t, nodeToken(t, s, "sts.amazonaws.com"))
	require.ErrorContains(t, nodeToken(t, s, "vault.example"), "audience")
}

// nodesGetNoToken: without it they have none.
func nodesGetNoToken(t *testing.T, s *site) {
	require.ErrorContains(t, nodeToken(t, s, "sts.amazonaws.com"), "audience")
}

// testLeftOver shows what "create" on the one name still gives away, as docs/e2e.md says: once somebody else has deleted the Secret, the
// refresher could make a ServiceAccount's token of it, and read that in the answer to its own patch.
func testLeftOver(t *testing.T, s *site, l *login) {
	ctx, force := t.Context(), true
	ours, _ := s.as(t, namespace, refresherSA)
	secrets := ours.CoreV1().Secrets(namespace)
	apply := func() (*corev1.Secret, error) {
		manifest := fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":%q,"annotations":{%q:%q}},"type":%q}`,
			l.secret, corev1.ServiceAccountNameKey, gatewaySA, corev1.SecretTypeServiceAccountToken)
		return secrets.Patch(ctx, l.secret, types.ApplyPatchType, []byte(manifest), metav1.PatchOptions{FieldManager: "thief", Force: &force})
	}
	_, err := apply()
	require.ErrorContains(t, err, "field is immutable", "not while it is there")
	require.NoError(t, s.client.CoreV1().Secrets(namespace).Delete(ctx, l.secret, metav1.DeleteOptions{}))
	eventually(t, "the token in the answer to a patch", func(context.Context) error {
		answer, err := apply()
		if err != nil {
			return err
		}
		if len(answer.Data[corev1.ServiceAccountTokenKey]) == 0 {
			return fmt.Errorf("not there yet")
		}
		return nil
	})
	require.NoError(t, s.client.CoreV1().Secrets(namespace).Delete(ctx, l.secret, metav1.DeleteOptions{}))
	s.refreshed(t, l, "after-the-thief")
	pullSecret(t, s, l)
}

// grant gives a ServiceAccount a Role with one rule, and waits until the API server knows it: that learns of Roles a moment after they are made.
func grant(t *testing.T, s *site, place, account string, rule rbacv1.PolicyRule) {
	t.Helper()
	name := metav1.ObjectMeta{Name: account}
	_, err := s.client.RbacV1().Roles(place).Create(t.Context(), &rbacv1.Role{ObjectMeta: name, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = s.client.RbacV1().RoleBindings(place).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: name, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: place}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + place + ":" + account,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: place, Resource: rule.Resources[0], Verb: rule.Verbs[0]},
	}}
	eventually(t, "the rights of "+account, func(ctx context.Context) error {
		answer, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && !answer.Status.Allowed {
			err = errors.New(answer.Status.Reason)
		}
		return err
	})
}
