# SPDX-License-Identifier: MIT
# A firmware of 64 KiB, in real mode, that does each thing that leaves the guest so many times, and
# then halts for good. What planner measures must be the same numbers: tests/e2e-kvm.t reads them
# from here.
	.code16
	.text
	.macro write_msr msr, value
	movl $\msr, %ecx
	movl $\value, %eax
	xorl %edx, %edx
	wrmsr
	.endm
	.macro times n
	movl $\n, %esi
1:
	.endm
	.macro again
	decl %esi
	jnz 1b
	.endm
	.equ EOI, 1200
	.equ TIMER, 1000
	.equ IPI, 800
	.equ PORT_OUT, 400
	.equ PORT_IN, 500
	.equ MMIO, 200
	.equ CPUID, 300
	.equ CALL, 140
start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	# es: 4 GiB, for memory of devices
	cs lgdtl gdtr-start
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %bx
	movw %bx, %es
	andb $0xfe, %al
	movl %eax, %cr0
	movl $0x1b, %ecx	# x2APIC
	rdmsr
	orl $0xc00, %eax
	wrmsr
	write_msr 0x80f, 0x1ff
	times EOI
	write_msr 0x80b, 0
	again
	times TIMER
	write_msr 0x6e0, 0
	again
	times IPI
	write_msr 0x830, 0x40031	# to itself, and not taken: cli
	again
	times PORT_OUT
	outb %al, $0x80
	again
	times PORT_IN
	inb $0x61, %al
	again
	movl $0xfed000f0, %edi	# the HPET's counter
	times MMIO
	movl %es:(%edi), %eax
	again
	times CPUID
	xorl %eax, %eax
	cpuid
	again
	times CALL
	movl $99, %eax
	vmmcall
	again
2:	hlt
	jmp 2b
	.balign 8
gdt:
	.quad 0
	.quad 0x008f93000000ffff
gdtr:
	.word gdtr-gdt-1
	.long gdt-start+0xf0000
	.org 0xfff0
	ljmp $0xf000, $0
	.org 0xffff
	.byte 0
