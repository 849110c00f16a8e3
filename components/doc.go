// Package components holds the parts of a Bifrost Enterprise deployment. Each one makes one thing that a person would
// otherwise make by hand, and takes everything that decides about it as an argument: components never read
// configuration, never know a stack's name and never know each other.
//
// There is a package for each cloud, and importing one compiles no other cloud's SDK: aws (who may pull from Amazon ECR, and the
// gateway's role on EKS), ecs, azure, gcp, and kubernetes for every cluster.
//
//   - On EKS: [aws.NewEcrPullRole] makes the role that the vendor allowlists, [kubernetes.NewBifrostNamespace] the namespace,
//     [kubernetes.NewPullSecret] keeps a pull Secret fresh through that role, and [kubernetes.NewBifrostWorkload] runs the gateway
//     once the first token is there. Where nodes pull by themselves, [aws.NewEcrNodePull] gives their roles the right to. The
//     gateway's own runtime identity is [aws.NewEksGatewayRole]'s, and never the one that pulls.
//   - On ECS: [aws.NewEcrPullRole] makes the execution role, and [ecs.NewEcsService] the service with its own role, security groups,
//     load balancer, scaling, discovery, alarms and broker.
//   - On AKS: [azure.NewAksWorkloadIdentity] takes the place of the role, and the pull Secret's token comes from Artifact Registry;
//     [gcp.NewGcpFederation] makes the Google side of that, for whoever owns it.
//   - [kubernetes.NewBifrostBroker] runs the broker of a cluster of gateways beside their pods.
//
// All constructors validate first and report every problem at once as a [k8s.io/apimachinery/pkg/util/validation/field.ErrorList],
// with the paths of the arguments; a refusal registers nothing. Arguments are never changed. The caller's options never reach the
// children.
//
// # What no argument says
//
// Anything else is a transform's to change: one of the stack meets every resource of every component, before it is registered.
//
//	ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
//		if args.Type != "kubernetes:core/v1:Service" {
//			return nil
//		}
//		metadata := args.Props["metadata"].(pulumi.Map)
//		annotations, ok := metadata["annotations"].(pulumi.Map)
//		if !ok {
//			annotations = pulumi.Map{}
//		}
//		annotations["cost-center"] = pulumi.String("llm")
//		metadata["annotations"] = annotations
//		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
//	})
//
// [pulumi.Transforms] as an option of one constructor does the same for that component and its children.
package components
