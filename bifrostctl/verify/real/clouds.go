package real

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"bifrost/bifrostctl/verify/registry"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// Ways are how the cluster and the gateway are reached.
type Ways struct {
	// Kubeconfig is a file; empty means the stack's own way.
	Kubeconfig string
	// ConfiguredKubeconfig returns secrets.kubeconfig, or "" where the stack has none.
	ConfiguredKubeconfig func(context.Context) (string, error)
	// URL is the gateway's: that in the cluster, or where there is none that on ECS. Empty means a port-forward, or the load balancer.
	URL string
}

// Clouds are the services of a stack, signed in to as its providers are. Nothing is asked yet.
func Clouds(ctx context.Context, c *stacks.Config, ways Ways) (service.Clouds, error) {
	google := googleOptions(c.Google)
	clouds := service.Clouds{Registry: registry.Client{Transport: http.DefaultTransport}, GCP: gcpCloud{options: google}, Now: time.Now}
	var own login
	things := asked{}
	things.add(googleThings(google))
	if c.Gke != nil {
		clusters := googleGKE{google}
		clouds.GKE, own = clusters, gkeLogin(c, clusters)
	}
	if c.Kubernetes != nil {
		own = fileLogin(c)
	}
	if c.Aws != nil {
		config, err := awsConfig(ctx, c.Aws)
		if err != nil {
			return clouds, err
		}
		useAWS(&clouds, config)
		things.add(awsThings(config))
		if c.Eks != nil {
			own = eksLogin(c, awsEKS{eks.NewFromConfig(config)})
		}
	}
	if c.Azure != nil {
		credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{TenantID: c.Azure.TenantId})
		if err != nil {
			return clouds, fmt.Errorf("credentials of Azure: %w", err)
		}
		clusters, err := newAKS(c.Azure.SubscriptionId, credential, nil)
		if err != nil {
			return clouds, err
		}
		identities, err := newIdentities(c.Azure.SubscriptionId, credential, nil)
		if err != nil {
			return clouds, err
		}
		clouds.AKS, clouds.Identity = clusters, identities
		if err := things.azure(credential, nil); err != nil {
			return clouds, err
		}
		own = aksLogin(c, clusters)
	}
	way := ofStack(c, ways.ConfiguredKubeconfig, own)
	if ways.Kubeconfig != "" {
		way = fromFile(ways.Kubeconfig)
	}
	clouds.Kubernetes, clouds.Objects, clouds.Gateway, clouds.LoadBalancer, clouds.Pod = way.client, way.objects, forward(way), behind,
		podOf(way)
	clouds.Exists, clouds.Issuer = things.exists, way.issuer
	if ways.URL == "" {
		return clouds, nil
	}
	at, err := At(ways.URL)
	if err != nil {
		return clouds, err
	}
	if _, pods := c.Cluster(); pods {
		clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) { return at, nil }
	} else {
		clouds.LoadBalancer = func(string) (service.Gateway, error) { return at, nil }
	}
	return clouds, nil
}

func useAWS(clouds *service.Clouds, config aws.Config) {
	clouds.STS, clouds.EKS = awsSTS{sts.NewFromConfig(config)}, awsEKS{eks.NewFromConfig(config)}
	clouds.IAM, clouds.ECS = awsIAM{iam.NewFromConfig(config)}, awsECS{ecs.NewFromConfig(config)}
	clouds.Exists = asked(awsThings(config)).exists
	clouds.Secrets = awsSecrets{secretsmanager.NewFromConfig(config), ssm.NewFromConfig(config), kms.NewFromConfig(config)}
}
