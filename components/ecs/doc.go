// Package ecs runs the gateway on ECS Fargate. Package components says how the parts
// compose.
package ecs
