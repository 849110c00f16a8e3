// Package app deploys some application, whose private image lies in Amazon ECR, to an existing EKS cluster: the pull role, what keeps the
// pull Secret fresh, and a plain Deployment.
package app

import (
	"encoding/base64"
	"errors"
	"fmt"

	pulumiaws "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
	"bifrost/image"
)

const (
	name           = "my-app"
	serviceAccount = "ecr-pull-sa"
)

// Program reads clusterName, region, accountId and image, and deploys the application to the namespace my-app.
func Program(ctx *pulumi.Context) error {
	var missing error
	setting := func(key string) string {
		value, ok := ctx.GetConfig(ctx.Project() + ":" + key)
		if !ok {
			missing = errors.Join(missing, fmt.Errorf("set it with `pulumi config set %s VALUE`", key))
		}
		return value
	}
	clusterName, region, account, reference := setting("clusterName"), setting("region"), setting("accountId"), setting("image")
	if missing != nil {
		return missing
	}
	image, err := image.Parse(reference)
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	repository, ok := image.Ecr()
	if !ok {
		return fmt.Errorf("image: %s is not of a private registry of Amazon ECR", reference)
	}

	provider, err := pulumiaws.NewProvider(ctx, "aws", &pulumiaws.ProviderArgs{
		Region: pulumi.String(region), AllowedAccountIds: pulumi.StringArray{pulumi.String(account)},
	})
	if err != nil {
		return err
	}
	cluster, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: clusterName}, pulumi.Provider(provider))
	if err != nil {
		return fmt.Errorf("cluster %s: %w", clusterName, err)
	}
	if len(cluster.Identities) == 0 || len(cluster.Identities[0].Oidcs) == 0 || len(cluster.CertificateAuthorities) == 0 {
		return fmt.Errorf("cluster %s is not ready: %s", clusterName, cluster.Status)
	}
	issuer := cluster.Identities[0].Oidcs[0].Issuer
	oidc, err := iam.LookupOpenIdConnectProvider(ctx, &iam.LookupOpenIdConnectProviderArgs{Url: &issuer}, pulumi.Provider(provider))
	if err != nil {
		return fmt.Errorf("IAM OIDC provider of cluster %s: %w", clusterName, err)
	}

	role, err := aws.NewEcrPullRole(ctx, "pull", &aws.EcrPullRoleArgs{
		RepositoryArns: []string{fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", repository.Region, repository.AccountId, image.Path)},
		Irsa: &aws.IrsaTrustArgs{
			OidcProviderArn: pulumi.String(oidc.Arn), Issuer: issuer, Namespace: name, ServiceAccount: serviceAccount,
		},
		RoleName: "EksECRPullRole", PolicyName: "EksECRPullPolicy",
	}, pulumi.Providers(provider))
	if err != nil {
		return err
	}

	kubeconfig, err := kubeconfigOf(cluster, region)
	if err != nil {
		return err
	}
	// Mutable, so that the Secret of a fixed name changes in place instead of being deleted first.
	k8s, err := pulumikubernetes.NewProvider(ctx, "kubernetes", &pulumikubernetes.ProviderArgs{
		Kubeconfig: pulumi.ToSecret(pulumi.String(kubeconfig)).(pulumi.StringOutput), ClusterIdentifier: pulumi.String(cluster.Arn),
		EnableServerSideApply: pulumi.Bool(true), EnableSecretMutable: pulumi.Bool(true), EnableConfigMapMutable: pulumi.Bool(true),
	})
	if err != nil {
		return err
	}
	namespace, err := corev1.NewNamespace(ctx, "namespace", &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name)},
	}, pulumi.Provider(k8s))
	if err != nil {
		return err
	}
	secret, err := kubernetes.NewPullSecret(ctx, "pull-secret", &kubernetes.PullSecretArgs{
		Namespace: namespace.Metadata.Name().Elem(), RegistryHost: image.Host, ServiceAccount: serviceAccount,
		Ecr:       &kubernetes.EcrTokenArgs{RoleArn: role.RoleArn, Region: repository.Region},
		DependsOn: role.Ready(),
	}, pulumi.Providers(k8s))
	if err != nil {
		return err
	}
	deployment, err := newDeployment(ctx, k8s, namespace.Metadata.Name(), secret, image)
	if err != nil {
		return err
	}
	ctx.Export("roleArn", role.RoleArn)
	ctx.Export("deployment", deployment.Metadata.Name())
	return nil
}

// newDeployment waits for the first token. It depends on what fetches it, and takes nothing from it but the Secret's plain name: a Job that
// failed and is made again must not take the running Deployment with it.
func newDeployment(
	ctx *pulumi.Context, k8s pulumi.ProviderResource, namespace pulumi.StringPtrInput, pullSecret *kubernetes.PullSecret,
	image image.Reference,
) (*appsv1.Deployment, error) {
	labels := pulumi.StringMap{"app": pulumi.String(name)}
	return appsv1.NewDeployment(ctx, "deployment", &appsv1.DeploymentArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace},
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: labels},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels},
				Spec: &corev1.PodSpecArgs{
					// The application's own ServiceAccount: the puller's is the refresher's alone.
					AutomountServiceAccountToken: pulumi.Bool(false),
					ImagePullSecrets: corev1.LocalObjectReferenceArray{
						&corev1.LocalObjectReferenceArgs{Name: pullSecret.SecretName.ToStringPtrOutput()},
					},
					SecurityContext: &corev1.PodSecurityContextArgs{
						RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(65532),
						SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
						// Port 80 without a privilege.
						Sysctls: corev1.SysctlArray{&corev1.SysctlArgs{
							Name: pulumi.String("net.ipv4.ip_unprivileged_port_start"), Value: pulumi.String("0"),
						}},
					},
					Containers: corev1.ContainerArray{&corev1.ContainerArgs{
						Name: pulumi.String("my-app-container"), Image: pulumi.String(image.String()),
						Ports: corev1.ContainerPortArray{&corev1.ContainerPortArgs{ContainerPort: pulumi.Int(80)}},
						SecurityContext: &corev1.SecurityContextArgs{
							AllowPrivilegeEscalation: pulumi.Bool(false),
							Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
						},
					}},
				},
			},
		},
	}, pulumi.Provider(k8s), pulumi.DependsOn(pullSecret.Ready()))
}

// kubeconfigOf signs in with the AWS CLI.
func kubeconfigOf(cluster *eks.LookupClusterResult, region string) (string, error) {
	ca := cluster.CertificateAuthorities[0].Data
	if _, err := base64.StdEncoding.DecodeString(ca); err != nil {
		return "", fmt.Errorf("certificate authority of cluster %s: %w", cluster.Name, err)
	}
	login := fmt.Sprintf("{apiVersion: client.authentication.k8s.io/v1beta1, command: aws, interactiveMode: Never, "+
		"args: [--region, %q, eks, get-token, --cluster-name, %q]}", region, cluster.Name)
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: %[1]q
contexts: [{name: %[1]q, context: {cluster: %[1]q, user: %[1]q}}]
clusters: [{name: %[1]q, cluster: {server: %[2]q, certificate-authority-data: %[3]q}}]
users: [{name: %[1]q, user: {exec: %[4]s}}]
`, cluster.Name, cluster.Endpoint, ca, login), nil
}
