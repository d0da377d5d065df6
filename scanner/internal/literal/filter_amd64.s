//go:build !purego

#include "textflag.h"

// func findVector(nibbles *[4][2][16]uint8, set *[2048]uint32, p *byte, n int) int
//
// Returns the offset of the first window in p[:n], or -1; n is at least 35.
//
// The method is known as Teddy (Hyperscan, ripgrep): every window belongs to
// one of eight buckets, a bit each. For each of the four bytes of a window two
// tables of sixteen entries say which buckets have a byte with that low and
// that high half; VPSHUFB looks up 32 bytes at once. The bits that are left
// after AND over both halves and all four bytes are the buckets that may begin
// there. As no window has a byte above 127, bytes with their top bit set,
// for which VPSHUFB gives 0, need no mask before the look-up of the low half.
//
// Where a bucket is left, the four bytes are hashed and looked for in set,
// which drops nearly all that are no window. The rest the caller examines.
//
// Reads are p[:n] only: blocks of 32 offsets take 35 bytes, and the last
// block is laid so that it ends with p[n-1].
//
//	SI  the block        DI  offset of the last block's address
//	BX  p                R8  set
//	Y8  to Y15           the tables: low and high half of byte 0, 1, 2, 3
//	Y7  0x0f in every byte

// BUCKETS sets acc to the buckets of the 32 windows at off(SI).
#define BYTE(off, lo, hi, a, b) \
	VMOVDQU off(SI), a  \
	VPSRLW  $4, a, b    \
	VPAND   Y7, b, b    \
	VPSHUFB a, lo, a    \
	VPSHUFB b, hi, b    \
	VPAND   a, b, a

#define BUCKETS(off, acc, a, b) \
	BYTE((off+0), Y8, Y9, acc, b)   \
	BYTE((off+1), Y10, Y11, a, b)   \
	VPAND a, acc, acc               \
	BYTE((off+2), Y12, Y13, a, b)   \
	VPAND a, acc, acc               \
	BYTE((off+3), Y14, Y15, a, b)   \
	VPAND a, acc, acc

TEXT ·findVector(SB), NOSPLIT, $0-40
	MOVQ nibbles+0(FP), AX
	MOVQ set+8(FP), R8
	MOVQ p+16(FP), BX
	MOVQ n+24(FP), CX

	VBROADCASTI128 0(AX), Y8
	VBROADCASTI128 16(AX), Y9
	VBROADCASTI128 32(AX), Y10
	VBROADCASTI128 48(AX), Y11
	VBROADCASTI128 64(AX), Y12
	VBROADCASTI128 80(AX), Y13
	VBROADCASTI128 96(AX), Y14
	VBROADCASTI128 112(AX), Y15
	MOVL           $0x0f0f0f0f, AX
	VMOVD          AX, X7
	VPBROADCASTD   X7, Y7
	VPXOR          Y6, Y6, Y6

	MOVQ BX, SI
	LEAQ -35(BX)(CX*1), DI // where the last block begins
	LEAQ -32(DI), R9       // the last address where two blocks fit

pairs:
	CMPQ SI, R9
	JHI  single
	BUCKETS(0, Y0, Y1, Y2)
	BUCKETS(32, Y3, Y4, Y5)
	VPOR  Y0, Y3, Y1
	VPTEST Y1, Y1
	JNZ  candidates
	ADDQ $64, SI
	JMP  pairs

candidates:
	// The first block's zero bytes in the low half of R10, the second's above.
	VPCMPEQB  Y6, Y0, Y0
	VPMOVMSKB Y0, R10
	VPCMPEQB  Y6, Y3, Y3
	VPMOVMSKB Y3, R11
	SHLQ      $32, R11
	ORQ       R11, R10
	NOTQ      R10

candidate:
	TZCNTQ R10, R11
	MOVL   (SI)(R11*1), R12
	IMUL3L $0x9E3779B1, R12, R12
	SHRL   $16, R12
	MOVL   R12, R13
	SHRL   $5, R13
	MOVL   (R8)(R13*4), R13
	BTL    R12, R13
	JCS    found
	BLSRQ  R10, R10
	JNZ    candidate
	ADDQ   $64, SI
	CMPQ   SI, DI
	JHI    last
	JMP    pairs

single:
	// One block or part of one is left; if less, it overlaps the one before.
	CMPQ SI, DI
	JHI  last
	BUCKETS(0, Y0, Y1, Y2)
	VPCMPEQB  Y6, Y0, Y0
	VPMOVMSKB Y0, R10
	NOTL      R10
	TESTL     R10, R10
	JZ        next

one:
	TZCNTL R10, R11
	MOVL   (SI)(R11*1), R12
	IMUL3L $0x9E3779B1, R12, R12
	SHRL   $16, R12
	MOVL   R12, R13
	SHRL   $5, R13
	MOVL   (R8)(R13*4), R13
	BTL    R12, R13
	JCS    found
	BLSRL  R10, R10
	JNZ    one

next:
	ADDQ $32, SI

last:
	// Offsets up to SI are done; DI is the last block.
	LEAQ 32(DI), R9
	CMPQ SI, R9
	JAE  none
	MOVQ DI, SI
	JMP  single

none:
	VZEROUPPER
	MOVQ $-1, ret+32(FP)
	RET

found:
	VZEROUPPER
	SUBQ BX, SI
	ADDQ R11, SI
	MOVQ SI, ret+32(FP)
	RET
