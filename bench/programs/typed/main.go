// Typed: a webhook as kubebuilder scaffolds it, on controller-runtime itself: the Pod decoded to its Go type,
// copied, defaulted, marshalled, and compared. It adds what podtailor's built-in policy `general` adds.
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
	for index := range pod.Spec.Containers {
		if container := &pod.Spec.Containers[index]; len(container.ResizePolicy) == 0 {
			container.ResizePolicy = resize
		}
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for index := range containers {
			container := &containers[index]
			container.Resources.Limits = completed(container.Resources.Limits, limits, container.Resources.Requests)
			container.Resources.Requests = completed(container.Resources.Requests, requests, nil)
		}
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations["podtailor.dev/applied"] = `{"general":[]}`
	return nil
}

// Completed has what is there, and of the rest the default or what is above it.
func completed(there, defaults, least corev1.ResourceList) corev1.ResourceList {
	if there == nil {
		there = corev1.ResourceList{}
	}
	for name, amount := range defaults {
		if _, given := there[name]; !given {
			if above, asked := least[name]; asked && above.Cmp(amount) > 0 {
				amount = above
			}
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
