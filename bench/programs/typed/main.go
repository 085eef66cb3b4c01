// Typed: a webhook as kubebuilder scaffolds it, on controller-runtime itself: the Pod decoded to its Go type,
// copied, defaulted, marshalled, and compared. It sets the fields that podtailor's built-in policy `general` sets.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var (
	requests = corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("100m"),
		corev1.ResourceMemory: resource.MustParse("256Mi"),
	}
	limits = corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("500m"),
		corev1.ResourceMemory: resource.MustParse("512Mi"),
	}
	resize = []corev1.ContainerResizePolicy{
		{ResourceName: corev1.ResourceCPU, RestartPolicy: corev1.NotRequired},
		{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.NotRequired},
	}
)

type defaulter struct{}

func (defaulter) Default(_ context.Context, pod *corev1.Pod) error {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for index := range containers {
			container := &containers[index]
			if len(container.ResizePolicy) == 0 {
				container.ResizePolicy = resize
			}
			container.Resources.Requests = completed(container.Resources.Requests, requests)
			container.Resources.Limits = completed(container.Resources.Limits, limits)
		}
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations["podtailor.dev/applied"] = `{"general":[]}`
	return nil
}

func completed(there, defaults corev1.ResourceList) corev1.ResourceList {
	if there == nil {
		there = corev1.ResourceList{}
	}
	for name, amount := range defaults {
		if _, given := there[name]; !given {
			there[name] = amount
		}
	}
	return there
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	certificate := flag.String("cert", "", "")
	key := flag.String("key", "", "")
	flag.Parse()

	ctrl.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		log.Fatal(err)
	}
	handler, err := admission.StandaloneWebhook(
		admission.WithDefaulter(scheme, defaulter{}), admission.StandaloneOptions{})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving %d", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.ServeTLS(listener, handler, *certificate, *key))
}
